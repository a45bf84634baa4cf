import type { RolloutTarget, WaveProgress } from "./rollout-life-contract.ts";

type Counted = "active" | "succeeded" | "failed" | "skipped" | "cancelled";
type Waves = readonly WaveProgress[];

const counted = new Set<string>(["active", "succeeded", "failed", "skipped", "cancelled"]);
const isCounted = (state: string): state is Counted => counted.has(state);

/** The waves after one of their devices went from one state to another; from nothing where it is new. */
export function recounted(
  waves: Waves,
  wave: number,
  from: RolloutTarget["state"] | undefined,
  to: RolloutTarget["state"],
): WaveProgress[] {
  return waves.map((each, place) => {
    if (place !== wave) return each;
    const after = { ...each };
    if (from === undefined) after.targets++;
    else if (isCounted(from)) after[from]--;
    if (isCounted(to)) after[to]++;
    return after;
  });
}

/** A wave in which nobody has begun. */
export const emptyWave = { targets: 0, active: 0, succeeded: 0, failed: 0, skipped: 0, cancelled: 0 } as const;
