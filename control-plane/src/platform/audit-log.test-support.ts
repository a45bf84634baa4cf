import { createHash } from "node:crypto";
import { privateKeyFromSeed, type SigningKey } from "@edgemere/protocol";
import { ManualClock, SimulatedDisk } from "@edgemere/protocol/simulated";
import { Audit, auditTable, canonical, FIRST, idOf, lastPlace, type AuditEntry } from "./audit.ts";
import { AuditCopy, type CopyLine } from "./audit-copy.ts";
import { auditHeads, signHead, type SignedHead } from "./audit-heads.ts";
import { put, putBytes } from "./change.ts";
import type { Database } from "./database.ts";
import { keyOf } from "./keys.ts";
import { keptDatabase } from "./sample-resource.test-support.ts";
import { Store } from "./store.ts";

export const auditKey: SigningKey = { keyId: "audit", privateKey: privateKeyFromSeed(new Uint8Array(32).fill(9)) };

/** A log of so many entries with a copy of all of them, and a signed head of the newest in both. */
export async function anAuditLog(entries: number, database: Database = keptDatabase()) {
  const clock = new ManualClock();
  const store = await Store.open(database, clock);
  const audit = new Audit(store, () => clock.now());
  const disk = new SimulatedDisk();
  const copy = new AuditCopy(disk);
  const add = async (count: number) => {
    const before = (await lastPlace(store)).number;
    for (let number = before + 1; number <= before + count; number++)
      await audit.record({
        actor: "user:alice",
        via: "rest",
        action: "shop/order",
        decision: "allowed",
        requestId: `r${number}`,
        input: { number },
      });
  };
  const rows = async () => (await store.list(auditTable, { limit: 20_000 })).items;
  const sign = async (): Promise<SignedHead> =>
    signHead({ ...(await lastPlace(store)), at: clock.now(), generation: 1 }, auditKey);
  await add(entries);
  if (entries > 0) {
    const head = await sign();
    await copy.append([...(await rows()).map((entry): CopyLine => ({ entry })), { head }]);
    await store.commit(put(auditHeads, head));
  }
  /** Puts these in place of all there are, under the ids given or their own, as somebody would who has the disk in hand. */
  const forge = async (items: readonly AuditEntry[], ids = items.map(({ id }) => id)) => {
    const old = (await rows()).map(({ id }) => putBytes(keyOf("row", auditTable.name, id), undefined));
    const fresh = items.map((each, i) =>
      putBytes(keyOf("row", auditTable.name, ids[i] ?? ""), Buffer.from(JSON.stringify(each))),
    );
    await store.commit(...old, ...fresh);
  };
  return { store, audit, disk, copy, clock, add, rows, sign, forge, key: auditKey.privateKey };
}

/** The same entries with numbers, links and hashes that fit: what a forger does who knows the format. */
export function chained(entries: readonly AuditEntry[]): readonly AuditEntry[] {
  let previous = FIRST;
  return entries.map(({ hash: _, ...entry }, i) => {
    const body = { ...entry, id: idOf(i + 1), previous };
    previous = createHash("sha256").update(canonical(body)).digest("hex");
    return { ...body, hash: previous };
  });
}
