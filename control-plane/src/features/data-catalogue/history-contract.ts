import { Type } from "@sinclair/typebox";
import { action, PageOf, pageInput, Ref } from "../../platform/action.ts";
import { put, type Change } from "../../platform/change.ts";
import { table } from "../../platform/resource.ts";
import type { Store } from "../../platform/store.ts";

/** So much is remembered of one piece of data; what is older is counted. */
export const REMEMBERED = 50;

const deeds = ["found", "changed", "lost", "back", "removed", "placed", "moved"] as const;

const Happening = Type.Object({
  at: Type.Integer({ description: "Milliseconds since 1970 UTC" }),
  what: Type.Union(
    deeds.map((each) => Type.Literal(each)),
    { description: "placed: it was brought somewhere, or made by that. moved: so that it is taken away here" },
  ),
  hash: Type.Optional(Type.String({ description: "What it held from then on, where that was told" })),
  request: Type.Optional(Type.String({ description: "The data request that wanted it" })),
  author: Type.Optional(Type.String({ description: "In whose name: a person, a program or a policy" })),
  instance: Type.Optional(Type.String({ description: "The data instance that came of it" })),
});
export type Happening = (typeof Happening)["static"];

/** What happened to one piece of data since it was found, the oldest first. */
interface DataHistory {
  /** The data. */
  readonly id: string;
  readonly happenings: readonly Happening[];
}
export const histories = table<DataHistory>("datahistory");

/** To be committed with what it tells of. */
export async function noted(data: string, happening: Happening, store: Store): Promise<Change> {
  const before = (await store.get(histories, data))?.happenings ?? [];
  return put(histories, { id: data, happenings: [...before, happening].slice(-REMEMBERED) });
}

export const dataHistory = action({
  path: "diml/dml/fmdm/data/history",
  summary: "Show what happened to a piece of data, newest first",
  description: `Of each piece of data the last ${REMEMBERED} happenings are kept, and when it was found.`,
  effect: "read",
  permission: "data:read",
  scope: "referenced",
  input: Type.Object({ id: Ref("data", "The data: id or unique name"), ...pageInput }),
  output: PageOf(Happening),
});
