import { HOUR } from "@edgemere/protocol/kit";
import { replaced, type Change } from "../../platform/change.ts";
import type { Child } from "./chain-contract.ts";
import { childStandings, type ChildStanding } from "./chain-tables.ts";
import type { TelemetryContext } from "./context.ts";

/** Less than this share is room again, and not sooner than so long after: of who is at the brink it is told once. */
const FREE_AGAIN = 0.9;
const TOLD_AGAIN = HOUR;

/** How much of what a child told is kept, bytes. */
interface Room {
  readonly used: number;
  readonly atMost: number;
}

/** A row that says who told it, and what is stored with it. */
export interface Held {
  readonly child: string;
  /** With the row; absent in what was stored before this was counted. */
  readonly bytes?: number;
}

export const roomAtMost = ({ bytesAtMost }: Child, { chain }: Pick<TelemetryContext["telemetry"], "chain">): number =>
  bytesAtMost ?? chain?.childRoom ?? Number.MAX_SAFE_INTEGER;

/** What makes it less always has room. */
export const hasRoom = (more: number, { used, atMost }: Room): boolean => more <= 0 || used + more <= atMost;

/** Since when there has been no room, after a report; undefined while there is some. */
export function fullSince(
  before: number | undefined,
  { used, atMost, isRefused, now }: Room & { readonly isRefused: boolean; readonly now: number },
): number | undefined {
  if (isRefused) return before ?? now;
  const isRecent = before !== undefined && now - before < TOLD_AGAIN;
  return isRecent || used > FREE_AGAIN * atMost ? before : undefined;
}

/** A row with what it takes: itself, and what is stored with it. */
export const counted = <T extends Held>(row: T, beside = 0): T => ({
  ...row,
  bytes: beside + Buffer.byteLength(JSON.stringify(row)),
});

/** What becomes more, and less, of each child's when rows take the place of others. */
export class Counting {
  readonly #more = new Map<string, number>();

  add({ child, bytes = 0 }: Held): void {
    this.#more.set(child, (this.#more.get(child) ?? 0) + bytes);
  }

  take(row: Held | undefined): void {
    if (row !== undefined) this.add({ child: row.child, bytes: -(row.bytes ?? 0) });
  }

  of(child: string): number {
    return this.#more.get(child) ?? 0;
  }

  include(other: Counting): void {
    for (const [child, bytes] of other.#more) this.add({ child, bytes });
  }

  /** Refused when one of these moved since it was looked at. Of a child that is gone nothing is counted. */
  changes(standings: Iterable<ChildStanding>): readonly Change[] {
    return [...standings]
      .filter(({ id }) => this.of(id) !== 0)
      .map((each) => {
        const after = { ...each, version: each.version + 1, bytes: usedAfter(each, this) };
        return replaced(childStandings, after, each.version);
      });
  }
}

/** What was stored before anything was counted goes without having been counted. */
export const usedAfter = ({ id, bytes = 0 }: ChildStanding, counting: Counting): number =>
  Math.max(0, bytes + counting.of(id));
