import type { Clock, Loop } from "@edgemere/protocol/kit";

/** Something that is not as it should be. failed: it cannot do its work any more. notice: it works, and could be safer. */
export interface Finding {
  readonly severity: "notice" | "degraded" | "failed";
  /** One of few constant words: it is shown to whoever asks. */
  readonly reason: string;
}

/** What a look gives; undefined when all is well. */
export type Check = () => Finding | undefined;

export interface Health {
  readonly status: "ok" | "degraded" | "failed";
  readonly reasons: readonly string[];
  /** What could be safer; absent when there is nothing. */
  readonly notices?: readonly string[];
}

/** The worst of all findings, and the reason of each. */
export function healthOf(checks: readonly Check[]): Health {
  const findings = checks.flatMap((check) => check() ?? []);
  const notices = reasonsOf(findings, ["notice"]);
  const reasons = reasonsOf(findings, ["degraded", "failed"]);
  const isFailed = findings.some(({ severity }) => severity === "failed");
  return {
    status: isFailed ? "failed" : reasons.length > 0 ? "degraded" : "ok",
    reasons,
    ...(notices.length > 0 && { notices }),
  };
}

const reasonsOf = (findings: readonly Finding[], severities: readonly Finding["severity"][]): readonly string[] => [
  ...new Set(findings.filter(({ severity }) => severities.includes(severity)).map(({ reason }) => reason)),
];

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
