import { Type } from "@sinclair/typebox";
import { machine } from "@edgemere/protocol/kit";
import { memoryDatabase, type Database } from "./database.ts";
import { resource, table, type Draft, type Row } from "./resource.ts";

/** A resource with everything a resource may have. */
export const parcel = resource({
  name: "parcel",
  summary: "Something on its way",
  shape: Type.Object({
    name: Type.String(),
    weight: Type.Number(),
    tags: Type.Array(Type.String()),
    combination: Type.String(),
  }),
  life: machine("parcel", "packed", {
    packed: { send: "sent", lose: "lost" },
    sent: { deliver: "delivered", lose: "lost" },
    delivered: {},
    lost: {},
  }),
  news: ["weighed"],
  indexes: {
    name: ({ name }) => [[name]],
    weight: ({ state, weight }) => [[state, weight]],
    tag: ({ tags }) => tags.map((tag) => [tag]),
  },
  story: ["create", "sent", "delivered", "weighed"],
  secrets: ["combination"],
  revoking: ["lost"],
});
export type Parcel = Row<typeof parcel>;

export const aParcel = (over: Partial<Draft<typeof parcel>> = {}): Draft<typeof parcel> => ({
  name: "a parcel",
  weight: 1,
  tags: [],
  combination: "0000",
  ...over,
});

export interface Note {
  readonly id: string;
  readonly text: string;
}
/** A plain table. */
export const notes = table<Note>("note", { text: ({ text }) => [[text]] });

/** A database in memory that stays when a store that was opened over it is closed. */
export const keptDatabase = (): Database => ({ ...memoryDatabase(), close: async () => {} });

/** Everything a database holds, as text. */
export async function contentOf(database: Database): Promise<string> {
  const lines: string[] = [];
  for await (const [key, value] of database.entries({})) lines.push(`${key} ${Buffer.from(value).toString()}`);
  return lines.join("\n");
}
