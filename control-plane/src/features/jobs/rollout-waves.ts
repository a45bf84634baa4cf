import type { RolloutSpec, WaveSpec } from "./rollout-spec-contract.ts";

/** A device of a rollout before its wave is known. */
export interface Picked {
  readonly device: string;
  readonly stratum: string;
  /** Which of the waves with a selector it matches: their places in the list, the first first. */
  readonly matches: readonly number[];
  /** Decides among equals; the same for the same device and rollout. */
  readonly draw: string;
}

/** The spec's waves, and the last one, for what no wave takes: nothing comes after it that a threshold could guard. */
export const wavesOf = ({ waves = [] }: RolloutSpec): readonly WaveSpec[] => {
  const takesAll = waves.at(-1)?.percent === 100;
  return takesAll ? waves : [...waves, { success: 0 }];
};

/**
 * The wave of each device, by its place in the list. A wave of a count or a share has of each stratum as much as the whole
 * has, so that a fault of one kind of hardware shows in the first wave in which there is some of it.
 */
export function assignWaves(picked: readonly Picked[], waves: readonly WaveSpec[]): readonly number[] {
  const waveOf = new Map<string, number>();
  const last = waves.length - 1;
  for (const [wave, { count, percent, selector }] of waves.entries()) {
    if (wave === last && count === undefined && percent === undefined && selector === undefined) break;
    const left = picked.filter(({ device }) => !waveOf.has(device));
    if (selector !== undefined) {
      for (const { device, matches } of left) if (matches.includes(wave)) waveOf.set(device, wave);
      continue;
    }
    const size = count ?? Math.ceil((picked.length * (percent ?? 0)) / 100);
    for (const { device } of inTurn(left).slice(0, size)) waveOf.set(device, wave);
  }
  return picked.map(({ device }) => waveOf.get(device) ?? last);
}

/** In an order of which every beginning has of each stratum its share, as near as whole devices allow. */
export function inTurn<T extends Pick<Picked, "device" | "stratum" | "draw">>(picked: readonly T[]): readonly T[] {
  const strata = new Map<string, T[]>();
  for (const each of picked) {
    const members = strata.get(each.stratum);
    if (members === undefined) strata.set(each.stratum, [each]);
    else members.push(each);
  }
  const placed = [...strata.values()].flatMap((members) =>
    members
      .toSorted((one, other) => compare(one.draw, other.draw) || compare(one.device, other.device))
      .map((each, place) => ({ each, at: (place + 0.5) / members.length })),
  );
  return placed
    .toSorted(
      (one, other) =>
        one.at - other.at || compare(one.each.draw, other.each.draw) || compare(one.each.device, other.each.device),
    )
    .map(({ each }) => each);
}

const compare = (one: string, other: string) => (one < other ? -1 : one > other ? 1 : 0);
