import { Type } from "@sinclair/typebox";
import { machine } from "@edgemere/protocol/kit";
import { action, PageOf, pageInput, Ref } from "../../platform/action.ts";
import { Instant } from "../../platform/instant.ts";
import { resource, rowSchema, type Row } from "../../platform/resource.ts";
import { statesInput } from "../../platform/states.ts";

const Selector = Type.String({
  maxLength: 2_048,
  description: "Which devices, as in device list; empty: every device",
});

/** A time in which alerts are no surprise, because somebody said so. */
export const silence = resource({
  name: "silence",
  summary: "A time in which alerts of some devices are no surprise",
  shape: Type.Object({
    selector: Selector,
    policy: Type.Optional(Type.String()),
    from: Type.Integer(),
    until: Type.Integer(),
    reason: Type.String(),
    author: Type.String(),
  }),
  life: machine("silence", "active", { active: { end: "ended" }, ended: {} }),
  indexes: { active: ({ state, until }) => (state === "active" ? [[until]] : []) },
});
export type Silence = Row<typeof silence>;

const PATH = "sa/pe/silence";

export const createSilence = action({
  path: `${PATH}/create`,
  summary:
    "Say that alerts of some devices are no surprise for a time: they are kept, in maintenance, and fire afterwards",
  effect: "write",
  permission: "policy:write",
  input: Type.Object({
    selector: Type.Optional(Selector),
    policy: Type.Optional(Ref("policy", "Only alerts of this policy")),
    from: Type.Optional(Instant("When it begins; default: now")),
    until: Instant("When it ends"),
    reason: Type.String({ minLength: 1, maxLength: 1_024, description: "Why" }),
  }),
  output: rowSchema(silence),
});
export const endSilence = action({
  path: `${PATH}/end`,
  summary: "End a silence before its time",
  effect: "write",
  permission: "policy:write",
  isAllowedWhenFull: true,
  input: Type.Object({ silence: Ref("silence", "Id of the silence") }),
  output: rowSchema(silence),
});
export const listSilences = action({
  path: `${PATH}/list`,
  summary: "List silences, newest first",
  effect: "read",
  permission: "policy:read",
  input: Type.Object({ ...statesInput(silence), ...pageInput }),
  output: PageOf(rowSchema(silence)),
});
