import { Conflict, updated, type Change } from "../../platform/change.ts";
import type { Store } from "../../platform/store.ts";
import { availableBytes, dataSource, type DataSource } from "../data-catalogue/contract.ts";
import type { DataInstance } from "./contract.ts";

/**
 * What becomes of room on a source. offer: held for a request that is not decided. withdraw: held no more. confirm: no longer
 * only held but promised to data that is on its way. release: that data stands there, or never will.
 */
export type Booking = "offer" | "withdraw" | "confirm" | "release";

/** Bytes on a source, and what becomes of them. */
export interface Entry {
  readonly source: string;
  readonly booking: Booking;
  readonly bytes: number;
}

type Placed = Pick<DataInstance, "source" | "bytes" | "heldBytes">;
type Room = Pick<DataSource, "freeBytes" | "availableBytes" | "reservedBytes" | "placingBytes">;

const held = { offer: 1, withdraw: -1, confirm: -1, release: 0 } as const satisfies Record<Booking, number>;
const placing = { offer: 0, withdraw: 0, confirm: 1, release: -1 } as const satisfies Record<Booking, number>;

/** The room of a source after an entry; nothing of it is ever below zero. */
export function booked<R extends Room>(room: R, { booking, bytes }: Omit<Entry, "source">): R {
  const reservedBytes = Math.max(0, room.reservedBytes + held[booking] * bytes);
  const placingBytes = Math.max(0, room.placingBytes + placing[booking] * bytes);
  return {
    ...room,
    reservedBytes,
    placingBytes,
    availableBytes: availableBytes({ freeBytes: room.freeBytes, placingBytes }),
  };
}

/** What may still be held for somebody. */
export const openBytes = ({ availableBytes, reservedBytes }: Room): number =>
  Math.max(0, availableBytes - reservedBytes);

/** What an instance gives back that was on its way: what is mounted never took room. */
export const releaseOf = ({ source, bytes, heldBytes = bytes }: Placed): Entry => ({
  source,
  booking: "release",
  bytes: heldBytes,
});

/** One change for each source that entries are about. Throws Conflict when room that is offered went to somebody else meanwhile. */
export async function bookings(entries: readonly Entry[], store: Store): Promise<readonly Change[]> {
  const bySource = new Map<string, Entry[]>();
  for (const entry of entries.filter(({ bytes }) => bytes > 0))
    bySource.set(entry.source, [...(bySource.get(entry.source) ?? []), entry]);
  const changes = await Promise.all(
    [...bySource].map(async ([id, of]) => {
      const row = await store.get(dataSource, id);
      if (row === undefined) return [];
      const offered = of.filter(({ booking }) => booking === "offer").reduce((sum, { bytes }) => sum + bytes, 0);
      if (offered > 0 && offered > openBytes(row)) throw new Conflict(`the room on "${row.name}" is taken by now`);
      const { reservedBytes, placingBytes, availableBytes } = of.reduce<DataSource>(booked, row);
      return [updated(dataSource, row, { reservedBytes, placingBytes, availableBytes })];
    }),
  );
  return changes.flat();
}
