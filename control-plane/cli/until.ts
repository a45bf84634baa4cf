import type { Output } from "../src/faces/client.ts";
import { UsageError } from "./failure.ts";

type Rollout = Output<"cpl/dm/rollout/find">;
type State = Rollout["state"];

export const UNTIL_FORMS = "at the end of a wave (wave 1), in a state (paused), or after a time (10m)";

const WAVE = /^(?:wave[ :-]?)([1-9]\d*)$/;
const TIME = /^([1-9]\d{0,6})(s|m|h)$/;
const MILLISECONDS = { s: 1_000, m: 60_000, h: 3_600_000 };
/** States on the way; at its end it is not waited for any longer anyway. */
const states: readonly State[] = ["approving", "running", "paused", "stopped", "rollingback"];

/** What is waited for, as it was typed. Throws UsageError when that is nothing that can be waited for. */
export function refuseUnlessGoal(text: string): string {
  goalOf(text, 0);
  return text;
}

/** Whether a rollout is as far as it is waited for: by its row, and by the monotonic clock. Waits begin at `from`. */
export function goalOf(text: string, from: number): (row: Pick<Rollout, "state" | "waves">, now: number) => boolean {
  const [, wave] = WAVE.exec(text) ?? [];
  if (wave !== undefined) return ({ waves }) => waves[Number(wave) - 1]?.passedAt !== undefined;
  const [, count, unit] = TIME.exec(text) ?? [];
  if (count !== undefined) {
    const span = Number(count) * MILLISECONDS[unit as keyof typeof MILLISECONDS];
    return (_, now) => now - from >= span;
  }
  const state = states.find((each) => each === text);
  if (state !== undefined) return (row) => row.state === state;
  throw new UsageError(`--until takes a wave, one of ${states.join(", ")}, or a time such as 10m, not "${text}"`);
}
