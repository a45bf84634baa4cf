import { createHash } from "node:crypto";
import { join } from "node:path";
import { levelDatabase } from "@edgemere/control-plane";

/** An entry of the audit log as it lies on the disk. */
export type StoredEntry = Readonly<Record<string, unknown>> & { readonly id: string };

const PREFIX = "srow\u0000saudit\u0000s";
const FIRST = "0".repeat(64);
const idOf = (number: number) => String(number).padStart(16, "0");

/** Puts other entries in place of those in the store of a stopped control plane, as somebody does who has its disk in hand. */
export async function forgeAudit(
  dataFolder: string,
  forge: (entries: readonly StoredEntry[]) => readonly StoredEntry[],
): Promise<void> {
  const database = await levelDatabase(join(dataFolder, "store"));
  try {
    const entries: StoredEntry[] = [];
    const range = { gte: PREFIX, lt: `${PREFIX}\uffff` };
    for await (const [, value] of database.entries(range))
      entries.push(JSON.parse(Buffer.from(value).toString()) as StoredEntry);
    await database.batch([
      ...entries.map(({ id }) => ({ type: "del", key: `${PREFIX}${id}\u0000` }) as const),
      ...forge(entries).map(
        (each) =>
          ({ type: "put", key: `${PREFIX}${each.id}\u0000`, value: Buffer.from(JSON.stringify(each)) }) as const,
      ),
    ]);
  } finally {
    await database.close();
  }
}

/** Takes away everything else that tells of the log: the heads, and what devices have countersigned. */
export async function forgetWitnesses(dataFolder: string): Promise<void> {
  const database = await levelDatabase(join(dataFolder, "store"));
  try {
    for (const table of ["audithead", "auditwitness"]) {
      const prefix = `srow\u0000s${table}\u0000`;
      for await (const [key] of database.entries({ gte: prefix, lt: `${prefix}\uffff` }))
        await database.batch([{ type: "del", key }]);
    }
  } finally {
    await database.close();
  }
}

/** The same entries with numbers, links and hashes made anew, from nothing but what the format says. */
export function chainedAnew(entries: readonly StoredEntry[]): readonly StoredEntry[] {
  let previous = FIRST;
  return entries.map(({ hash: _, ...entry }, i) => {
    const body = { ...entry, id: idOf(i + 1), previous };
    const sorted = Object.fromEntries(Object.entries(body).sort(([a], [b]) => (a < b ? -1 : 1)));
    previous = createHash("sha256").update(JSON.stringify(sorted)).digest("hex");
    return { ...body, hash: previous };
  });
}
