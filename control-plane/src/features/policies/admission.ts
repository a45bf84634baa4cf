import type { Outcome } from "./admission-contract.ts";

/** What one policy says of an action, about one of the devices that it is done to, or about none. */
export interface Opinion {
  readonly policy: string;
  readonly priority: number;
  readonly owner: string;
  readonly outcome: Outcome;
  readonly reason: string;
  /** failed: it could not be evaluated; `reason` says why. */
  readonly verdict: "met" | "unmet" | "failed";
  readonly defaults?: Readonly<Record<string, unknown>> | undefined;
  /** Name of the device; absent where it is about none. */
  readonly device?: string;
}

/** What an action comes to. */
export interface Decision {
  /** Who refuses it, and for what; absent where it may be done. */
  readonly refusal?: { readonly by: Opinion; readonly because: Because };
  /** The policies for which a second person is asked. */
  readonly approval: readonly Opinion[];
  readonly defaults: Readonly<Record<string, unknown>>;
}
/** In the order in which they are told, where there are several. */
const causes = ["denied", "failed", "not-allowed"] as const;
export type Because = (typeof causes)[number];

type Refusal = NonNullable<Decision["refusal"]>;

/**
 * What is decided about an action, by what is said of each device that it is done to: a function of the opinions, in whatever order they come.
 * One refusal refuses it; priority says which one is told, and whose defaults hold.
 */
export function decide(about: readonly (readonly Opinion[])[]): Decision {
  const [refusal] = about.flatMap(refusalsOf).sort(byWeight);
  const held = about.flat().filter(({ verdict }) => verdict === "met");
  const defaults = held.filter(({ outcome }) => outcome === "defaults").sort(byPriority);
  return {
    ...(refusal && { refusal }),
    approval: held.filter(({ outcome }) => outcome === "approve").sort(byPriority),
    // The highest is written last.
    defaults: Object.fromEntries(defaults.toReversed().flatMap((each) => Object.entries(each.defaults ?? {}))),
  };
}

function refusalsOf(opinions: readonly Opinion[]): readonly Refusal[] {
  const refusals = opinions.flatMap((by): Refusal[] => {
    // Nobody can tell what it would have said.
    if (by.verdict === "failed") return [{ by, because: "failed" }];
    return by.outcome === "deny" && by.verdict === "met" ? [{ by, because: "denied" }] : [];
  });
  const allowing = opinions.filter(({ outcome }) => outcome === "allow");
  if (allowing.some(({ verdict }) => verdict === "met")) return refusals;
  return [...refusals, ...allowing.map((by) => ({ by, because: "not-allowed" as const }))];
}

const byWeight = (one: Refusal, other: Refusal): number =>
  causes.indexOf(one.because) - causes.indexOf(other.because) || byPriority(one.by, other.by);

/** The higher one first; of two that are alike the name decides, so that the order in which they are found does not. */
const byPriority = (one: Opinion, other: Opinion): number =>
  other.priority - one.priority || compare(one.policy, other.policy) || compare(one.device ?? "", other.device ?? "");

const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);

/** What whoever is refused is told: which policy, why, and whom to ask. */
export function refusalWords({ by, because }: Refusal, path: string): string {
  const { policy, owner, reason, device } = by;
  const where = device === undefined ? "" : ` on the device "${device}"`;
  const what = {
    denied: `the policy "${policy}" refuses ${path}${where}: ${reason}`,
    failed: `the policy "${policy}" has a say in ${path}${where} and could not be evaluated, so it refuses: ${reason}`,
    "not-allowed": `the policy "${policy}" allows ${path} only where its condition holds, and it does not${where}: ${reason}`,
  }[because];
  return `${what}; ask its owner, ${owner}`;
}
