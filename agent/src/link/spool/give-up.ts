import { bothLosses, type GapReason, type Loss } from "./kept-record.ts";
import { holdsRecords, type Segment } from "./segment.ts";

/** Segments that one gap will stand for. */
interface Sacrifice {
  /** Index of the first of them. */
  readonly from: number;
  readonly segments: readonly Segment[];
  /** The one that holds records. */
  readonly victim: Segment;
  readonly first: number;
  readonly last: number;
  readonly loss: Loss;
}

/** The oldest segment with records, and the gaps around it that stand for the same reason: they become one. The newest segment stays as it is. */
export function oldestToGiveUp(
  segments: readonly Segment[],
  firstUnacknowledged: number,
  reason: GapReason,
): Sacrifice | undefined {
  const older = segments.slice(0, -1);
  const at = older.findIndex(holdsRecords);
  const victim = older[at];
  if (victim === undefined) return undefined;
  const from = older[at - 1]?.gap === reason ? at - 1 : at;
  const going = older.slice(from, older[at + 1]?.gap === reason ? at + 2 : at + 1);
  const first = Math.max(going[0]?.first ?? victim.first, firstUnacknowledged);
  const last = (going.at(-1) ?? victim).next - 1;
  const loss = { ...going.flatMap((each) => each.loss ?? []).reduce(bothLosses), records: last - first + 1 };
  return { from, segments: going, victim, first, last, loss };
}
