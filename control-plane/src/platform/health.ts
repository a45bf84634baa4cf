import type { Clock, Loop } from "@edgemere/protocol/kit";

/** Something that is not as it should be. failed: it cannot do its work any more. */
export interface Finding {
  readonly severity: "degraded" | "failed";
  /** One of few constant words: it is shown to whoever asks. */
  readonly reason: string;
}

/** What a look gives; undefined when all is well. */
export type Check = () => Finding | undefined;

export interface Health {
  readonly status: "ok" | "degraded" | "failed";
  readonly reasons: readonly string[];
}

/** The worst of all findings, and the reason of each. */
export function healthOf(checks: readonly Check[]): Health {
  const findings = checks.flatMap((check) => check() ?? []);
  const isFailed = findings.some(({ severity }) => severity === "failed");
  return {
    status: isFailed ? "failed" : findings.length > 0 ? "degraded" : "ok",
    reasons: [...new Set(findings.map(({ reason }) => reason))],
  };
}

const FAILURES = 3;
// A loop that fails pauses up to ten times its time; beyond that and some patience it has died.
const LONGEST_PAUSE = 10;
const PATIENCE = 3_000;

/** A loop that is watched: failing again and again degrades, not coming back at all is a failure. A look may take as long as it needs. */
export function watched(loop: Loop, clock: Clock): { readonly loop: Loop; readonly check: Check } {
  let failures = 0;
  let endedAt: number | undefined;
  const step = async () => {
    endedAt = undefined;
    try {
      const outcome = await loop.step();
      failures = 0;
      return outcome;
    } catch (error) {
      failures++;
      throw error;
    } finally {
      endedAt = clock.monotonic();
    }
  };
  const check = (): Finding | undefined => {
    const longest = loop.every * (failures > 1 ? LONGEST_PAUSE : 1) + PATIENCE;
    if (endedAt !== undefined && clock.monotonic() - endedAt > longest)
      return { severity: "failed", reason: "a loop died" };
    return failures >= FAILURES ? { severity: "degraded", reason: "a loop fails" } : undefined;
  };
  return { loop: { ...loop, step }, check };
}
