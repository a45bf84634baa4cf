import type { SimulatedDatabase } from "./simulated-database.ts";
import type { Trace } from "./trace.ts";

/** Under this the store keeps the entries of the audit, in order. */
const KEY = "srow\u0000saudit\u0000";
const FIRST = "0".repeat(64);
const decoder = new TextDecoder();

/** Each entry of the audit names the one before it, without a hole. */
export function auditTrail(database: SimulatedDatabase, trace: Trace): void {
  let previous = { id: 0, hash: FIRST };
  for (const key of database.keysWith(KEY)) {
    const entry = JSON.parse(decoder.decode(database.get(key))) as { id: string; previous: string; hash: string };
    if (Number(entry.id) !== previous.id + 1 || entry.previous !== previous.hash)
      trace.wrong(`entry ${Number(entry.id)} of the audit does not follow entry ${previous.id}`);
    previous = { id: Number(entry.id), hash: entry.hash };
  }
}
