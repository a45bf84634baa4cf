import type { CommandState } from "@edgemere/protocol";
import { DAY, HOUR, MINUTE, SECOND } from "@edgemere/protocol/kit";
import type { RolloutSpec } from "./rollout-spec-contract.ts";
import type { Cause } from "./rollout-words-contract.ts";

interface Ended {
  readonly state: CommandState;
  readonly reason: string;
  /** It had to begin before its window closed. */
  readonly isWindowed: boolean;
}

const byReason: Readonly<Record<string, Cause>> = {
  "not-allowed": "precondition",
  "forbidden-here": "precondition",
  unsupported: "precondition",
  "bad-arguments": "precondition",
  "safe-mode": "precondition",
  "journal-full": "server",
  "spool-full": "server",
  "bad-signature": "server",
  "unknown-key": "server",
  "wrong-device": "server",
  "outdated-control-plane": "server",
  replayed: "superseded",
  "device-restored": "superseded",
  "device-retired": "superseded",
  "no-content": "server",
  "no-answer": "network",
  "no-progress": "device",
  cancelled: "cancelled",
  "bad-hash": "artifact",
  "not-verified": "artifact",
};

/** Whose fault it is that a command did not succeed. What nobody can place is the device's. */
export function causeOf({ state, reason, isWindowed }: Ended): Cause {
  if (state === "expired" || reason === "too-old") return isWindowed ? "window-closed" : "network";
  if (state === "cancelled") return "cancelled";
  return Object.hasOwn(byReason, reason) ? (byReason[reason] ?? "device") : "device";
}

/** What is tried again when nobody says otherwise: what is not the device's fault, and a window that closed always. */
const usual: Readonly<Record<Cause, { readonly times: number; readonly pause: number }>> = {
  device: { times: 0, pause: 5 * MINUTE },
  artifact: { times: 1, pause: MINUTE },
  server: { times: 5, pause: 30 * SECOND },
  network: { times: 5, pause: MINUTE },
  cancelled: { times: 0, pause: MINUTE },
  superseded: { times: 0, pause: MINUTE },
  "window-closed": { times: Infinity, pause: SECOND },
  precondition: { times: 0, pause: 10 * MINUTE },
};
const LONGEST_PAUSE = DAY;

/** When it is tried again after its n-th failure of this cause (1 is the first); undefined: never. Each pause is twice the one before. */
export function retryAt(
  cause: Cause,
  failures: number,
  { retries = {}, now }: { readonly retries?: RolloutSpec["retries"]; readonly now: number },
): number | undefined {
  const given = (retries as Partial<Record<Cause, { times: number; pause?: number }>>)[cause];
  const times = given?.times ?? usual[cause].times;
  if (failures > times) return undefined;
  const first = given?.pause === undefined ? usual[cause].pause : given.pause * SECOND;
  return now + Math.min(first * 2 ** Math.min(failures - 1, 30), LONGEST_PAUSE);
}

/** Failures that were the device's own, in any rollout. */
export interface Conduct {
  readonly failedAt: readonly number[];
  /** Left alone before. */
  readonly boxedUntil: number;
}

const BOXED_AFTER = 3;
const COUNTED_FOR = DAY;
const BOXED_FOR = 6 * HOUR;

/** One more failure of a device's own doing: the third within a day puts it aside for six hours. */
export function afterFailure({ failedAt, boxedUntil }: Conduct, now: number): Conduct {
  const recent = [...failedAt.filter((each) => now - each < COUNTED_FOR), now].slice(-BOXED_AFTER);
  if (recent.length < BOXED_AFTER) return { failedAt: recent, boxedUntil };
  return { failedAt: [], boxedUntil: now + BOXED_FOR };
}
