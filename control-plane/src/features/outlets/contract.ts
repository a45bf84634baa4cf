import { Type } from "@sinclair/typebox";
import { machine } from "@edgemere/protocol/kit";
import { action, PageOf, pageInput } from "../../platform/action.ts";
import { resource, type Row } from "../../platform/resource.ts";

export const outletNames = ["remote-write", "otlp"] as const;
export type OutletName = (typeof outletNames)[number];

/** Where telemetry is sent on to. Its id is what it speaks. */
export const outlet = resource({
  name: "outlet",
  summary: "A place outside to which telemetry is sent on",
  shape: Type.Object({
    /** Why the target takes nothing now; empty while it does. */
    reason: Type.String(),
  }),
  life: machine("outlet", "working", { working: { fail: "failing" }, failing: { recover: "working" } }),
});

export const listOutlets = action({
  path: "cpl/ta/outlet/list",
  summary: "List where telemetry is sent on to, and how far it is",
  effect: "read",
  permission: "telemetry:read",
  scope: "anywhere",
  input: Type.Object(pageInput),
  output: PageOf(
    Type.Object({
      id: Type.String({ description: "remote-write or otlp" }),
      target: Type.String({ description: "Its address" }),
      state: Type.String({ description: "working, or failing while the target takes nothing" }),
      reason: Type.String({ description: "Why it fails; empty while it works" }),
      sentUpTo: Type.Optional(
        Type.Integer({ description: "What arrived up to then was sent; absent before the first" }),
      ),
      sent: Type.Integer({ description: "Samples since the process began" }),
      refused: Type.Integer({ description: "Samples that the target refused for good since then" }),
    }),
  ),
});

export type Outlet = Row<typeof outlet>;
