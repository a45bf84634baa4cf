import { Type } from "@sinclair/typebox";
import { machine } from "@edgemere/protocol/kit";
import { action, Ref } from "../../platform/action.ts";
import { Instant } from "../../platform/instant.ts";
import { resource, type Row } from "../../platform/resource.ts";

/** That the telemetry of a device is to be forgotten, or was: one row for each device of which somebody ever wanted that. */
export const forgetting = resource({
  name: "forgetting",
  summary: "That the telemetry of a device is to be forgotten, or was",
  shape: Type.Object({
    /** Whose; also the row's id. */
    device: Type.String(),
    before: Type.Integer({
      description:
        "When the first hour begins that stays; milliseconds since 1970 UTC, 8640000000000000 when none does",
    }),
    /** Who asked last. */
    author: Type.String(),
  }),
  life: machine("forgetting", "asked", {
    asked: { finish: "done" },
    done: { ask: "asked" },
  }),
  belongsTo: ({ device }) => [device],
  indexes: { asked: ({ id, state }) => (state === "asked" ? [[id]] : []) },
});
export type Forgetting = Row<typeof forgetting>;

export const forgetHistory = action({
  path: "cpl/ta/forget",
  summary: "Forget the telemetry of a device for good",
  description:
    "Samples, gaps and what was set aside, by the hour: of the hour in which `before` lies nothing is forgotten. Windows go with their samples, and without `before` the newest values and the names of what was measured too. It goes step by step and survives a restart; the event forgetting.done tells of its end. What the device reports when it is done is kept as ever.",
  effect: "destroy",
  permission: "telemetry:forget",
  danger: () => "telemetry:forget",
  scope: "referenced",
  isAllowedWhenFull: true,
  input: Type.Object({
    device: Ref("device", "The device: id or name"),
    before: Type.Optional(Instant("What is older; everything when absent")),
  }),
  output: Type.Object({
    device: Type.String(),
    before: Type.Optional(Type.Integer({ description: "When the first hour begins that stays" })),
  }),
});
