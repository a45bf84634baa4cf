import { updated, type Change } from "../../platform/change.ts";
import type { Store } from "../../platform/store.ts";
import { dataSource } from "../data-catalogue/contract.ts";

/** Bytes to hold (or, below zero, to free) on a source. */
export interface Hold {
  readonly source: string;
  readonly bytes: number;
}

/** One change per source, with what all holds come to; never below zero. */
export async function heldBytes(holds: readonly Hold[], store: Store): Promise<readonly Change[]> {
  const totals = new Map<string, number>();
  for (const { source, bytes } of holds) totals.set(source, (totals.get(source) ?? 0) + bytes);
  const changes = await Promise.all(
    [...totals].map(async ([id, bytes]) => {
      const row = await store.get(dataSource, id);
      return row ? [updated(dataSource, row, { reservedBytes: Math.max(0, row.reservedBytes + bytes) })] : [];
    }),
  );
  return changes.flat();
}
