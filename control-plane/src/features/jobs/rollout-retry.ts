import { isReason, type CommandState, type Reason } from "@edgemere/protocol";
import { DAY, HOUR, MINUTE, SECOND } from "@edgemere/protocol/kit";
import type { RolloutSpec } from "./rollout-spec-contract.ts";
import type { Cause } from "./rollout-words-contract.ts";

interface Ended {
  readonly state: CommandState;
  readonly reason: string;
  /** It had to begin before its window closed. */
  readonly isWindowed: boolean;
}

/** For every reason that a device can give: none is the device's own unseen, for that puts it into the penalty box. */
const byReason: Readonly<Record<Reason, Cause>> = {
  "exit-code": "device",
  "ended-by-signal": "device",
  busy: "device",
  failed: "device",
  "ran-too-long": "device",
  "agent-stopped": "device",
  "not-rebooted": "device",
  reverted: "device",
  "rolled-back": "device",
  changed: "device",
  "recording-failed": "device",
  "no-progress": "device",
  "bad-hash": "artifact",
  "bad-release": "artifact",
  "journal-full": "server",
  "spool-full": "server",
  "bad-signature": "server",
  "unknown-key": "server",
  "wrong-device": "server",
  "outdated-control-plane": "server",
  "no-content": "server",
  "too-old": "network",
  "no-answer": "network",
  unheard: "network",
  tampered: "network",
  cancelled: "cancelled",
  replayed: "superseded",
  "device-restored": "superseded",
  "device-retired": "superseded",
  "old-pack": "superseded",
  "not-allowed": "precondition",
  "forbidden-here": "precondition",
  unsupported: "precondition",
  "bad-arguments": "precondition",
  "safe-mode": "precondition",
  "not-found": "precondition",
  "not-permitted": "precondition",
  "no-space": "precondition",
  "too-large": "precondition",
  "costly-pack": "precondition",
  idle: "precondition",
};

/** Whose fault it is that a command did not succeed. What a newer agent says and nobody can place is the device's. */
export function causeOf({ state, reason, isWindowed }: Ended): Cause {
  if (state === "expired" || reason === "too-old") return isWindowed ? "window-closed" : "network";
  if (state === "cancelled") return "cancelled";
  return isReason(reason) ? byReason[reason] : "device";
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
