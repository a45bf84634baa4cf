import { placeOf, type Data, type DataSource } from "../data-catalogue/contract.ts";
import type { DataReservation } from "./contract.ts";
import type { Decision, PlacementAnswer } from "./placement-contract.ts";
import { hindrance } from "./placement-policy.ts";

/** A reservation with the data it holds, as it is now. */
export interface Candidate {
  readonly reservation: DataReservation;
  readonly data: Data | undefined;
  /** Where it would be brought; undefined: it would be used where it lies. */
  readonly target?: DataSource | undefined;
}

/** What the policy says of a piece of data at a place. */
export type Judge = (data: Data, target: DataSource | undefined) => PlacementAnswer;

export interface Verdict extends Candidate {
  readonly signal: "confirm" | "reject";
  readonly decision: Decision;
  readonly reason: string;
}

/** What should become of one candidate, whatever the others are. */
function decide({ reservation, data, target }: Candidate, judge: Judge): PlacementAnswer {
  if (data?.state !== "available") return refused("the data can no longer be reached");
  if (reservation.target !== undefined && target?.state !== "ready") return refused("its place takes no data any more");
  const answer = judge(data, target);
  const why = hindrance(answer, data, target);
  if (why !== undefined) return refused(why);
  const takesRoom = target !== undefined && answer.decision !== "mount";
  return takesRoom && reservation.cost.readBytes !== undefined
    ? refused(`the policy would ${answer.decision} it, and it was planned to be mounted: no room is held for it`)
    : answer;
}

const refused = (reason: string): PlacementAnswer => ({ decision: "refuse", reason });
/** Where it would be used. */
const deviceOf = (data: Data, target: DataSource | undefined): string =>
  target === undefined ? placeOf(data.device, data.source) : placeOf(target.device, target.id);

/**
 * Decides every candidate that is still open: of each content as many places as copies are wanted, no two on one
 * device, the device of use first. What was confirmed before, by a run that did not come to its end, counts.
 */
export function choose(
  candidates: readonly Candidate[],
  { copies, device }: { readonly copies: number; readonly device?: string | undefined },
  judge: Judge,
): readonly Verdict[] {
  const places = new Map<string, Set<string>>();
  const placesOf = (hash: string) => {
    const known = places.get(hash) ?? new Set<string>();
    places.set(hash, known);
    return known;
  };
  for (const { reservation, data, target } of candidates)
    if (reservation.state === "confirmed" && data) placesOf(data.hash).add(deviceOf(data, target));

  return candidates
    .filter(({ reservation }) => reservation.state === "created")
    .toSorted((a, b) => Number(b.data?.device === device) - Number(a.data?.device === device) || byId(a, b))
    .map((candidate): Verdict => {
      const { decision, reason } = decide(candidate, judge);
      const { data, target } = candidate;
      if (data === undefined || decision === "refuse") return { ...candidate, signal: "reject", decision, reason };
      const taken = placesOf(data.hash);
      const at = deviceOf(data, target);
      const refusal = taken.has(at)
        ? "the same content is used from this device already"
        : taken.size >= copies
          ? `${copies === 1 ? "one copy is" : `${copies} copies are`} wanted, and chosen elsewhere`
          : undefined;
      if (refusal !== undefined) return { ...candidate, signal: "reject", decision: "refuse", reason: refusal };
      taken.add(at);
      return { ...candidate, signal: "confirm", decision, reason };
    });
}

const byId = (a: Candidate, b: Candidate) => (a.reservation.id < b.reservation.id ? -1 : 1);

/** Whether a content would be in fewer places than it must; for whoever asked, with what was refused. */
export function shortage(
  verdicts: readonly Verdict[],
  candidates: readonly Candidate[],
  copies: number,
): string | undefined {
  const isKept = new Set(
    verdicts.filter(({ signal }) => signal === "confirm").map(({ reservation }) => reservation.id),
  );
  const kept = (each: Candidate) => each.reservation.state === "confirmed" || isKept.has(each.reservation.id);
  for (const hash of new Set(candidates.flatMap(({ data }) => data?.hash ?? []))) {
    const of = candidates.filter(({ data }) => data?.hash === hash);
    const found = of.filter(kept).length;
    if (found >= copies) continue;
    const name = of[0]?.data?.name ?? "";
    const why =
      verdicts.find(({ signal, data }) => signal === "reject" && data?.hash === hash)?.reason ??
      "what was held expired";
    return `"${name}" would be in ${found} of ${copies} places: ${why}`;
  }
  return undefined;
}
