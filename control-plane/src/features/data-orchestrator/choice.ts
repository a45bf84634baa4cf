import type { Data } from "../data-catalogue/contract.ts";
import type { DataReservation, decisions } from "./contract.ts";

export type Decision = (typeof decisions)[number];

/** A reservation with the data it holds, as it is now. */
export interface Candidate {
  readonly reservation: DataReservation;
  readonly data: Data | undefined;
}

export interface Verdict extends Candidate {
  readonly signal: "confirm" | "reject";
  readonly decision: Decision;
  readonly reason: string;
}

/** What should become of one candidate, whatever the others are. */
function decide({ data }: Candidate): { readonly decision: Decision; readonly reason: string } {
  if (data?.state !== "available") return { decision: "refuse", reason: "the data can no longer be reached" };
  return { decision: "leave", reason: "it can be used where it lies" };
}

/**
 * Decides every candidate that is still open: of each content as many places as copies are wanted, no two on one
 * device, the device of use first. What was confirmed before, by a run that did not come to its end, counts.
 */
export function choose(
  candidates: readonly Candidate[],
  { copies, device }: { readonly copies: number; readonly device?: string | undefined },
): readonly Verdict[] {
  const places = new Map<string, Set<string>>();
  const placesOf = (hash: string) => {
    const known = places.get(hash) ?? new Set<string>();
    places.set(hash, known);
    return known;
  };
  for (const { reservation, data } of candidates)
    if (reservation.state === "confirmed" && data) placesOf(data.hash).add(data.device);

  return candidates
    .filter(({ reservation }) => reservation.state === "created")
    .toSorted((a, b) => Number(b.data?.device === device) - Number(a.data?.device === device) || byId(a, b))
    .map((candidate): Verdict => {
      const { decision, reason } = decide(candidate);
      const { data } = candidate;
      if (data === undefined || decision === "refuse") return { ...candidate, signal: "reject", decision, reason };
      const taken = placesOf(data.hash);
      const refusal = taken.has(data.device)
        ? "the same content is used from this device already"
        : taken.size >= copies
          ? `${copies === 1 ? "one copy is" : `${copies} copies are`} wanted, and chosen elsewhere`
          : undefined;
      if (refusal !== undefined) return { ...candidate, signal: "reject", decision: "refuse", reason: refusal };
      taken.add(data.device);
      return { ...candidate, signal: "confirm", decision, reason };
    });
}

const byId = (a: Candidate, b: Candidate) => (a.reservation.id < b.reservation.id ? -1 : 1);
