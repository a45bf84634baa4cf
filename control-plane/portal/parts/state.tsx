type Tone = "good" | "busy" | "bad" | "warn" | "quiet";

/** How a state is to be felt; states that are not named are quiet. */
const TONES: Readonly<Record<string, Tone>> = {
  active: "good",
  available: "good",
  completed: "good",
  confirmed: "good",
  online: "good",
  normal: "good",
  ok: "good",
  open: "good",
  passed: "good",
  provisioned: "good",
  ready: "good",
  reporting: "good",
  satisfied: "good",
  succeeded: "good",
  awaitingapproval: "warn",
  approving: "warn",
  paused: "warn",
  hold: "warn",
  skipped: "warn",
  rollback: "bad",
  rollingback: "warn",
  rolledback: "warn",
  rollbackfailed: "bad",
  stopped: "bad",
  continue: "good",
  planned: "busy",
  waiting: "busy",
  refused: "bad",
  created: "busy",
  evaluated: "busy",
  journaled: "busy",
  making: "busy",
  needed: "busy",
  offered: "busy",
  placing: "busy",
  provisioning: "busy",
  queued: "busy",
  running: "busy",
  uploading: "busy",
  selected: "busy",
  degraded: "warn",
  expired: "warn",
  interrupted: "warn",
  low: "warn",
  medium: "warn",
  partial: "warn",
  quarantined: "warn",
  silent: "warn",
  stale: "warn",
  suspended: "warn",
  timedout: "warn",
  unavailable: "warn",
  high: "bad",
  failed: "bad",
  failedprovision: "bad",
  lost: "bad",
  readonly: "bad",
  rejected: "bad",
};

export const toneOf = (state: string): Tone => TONES[state] ?? "quiet";

/** A state, as a coloured word: the word alone says all. */
export const State = ({ state }: { readonly state: string }) => (
  <span className="state" data-tone={toneOf(state)}>
    {state}
  </span>
);
