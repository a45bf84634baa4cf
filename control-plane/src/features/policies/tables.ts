import { put, removed, replaced, type Change } from "../../platform/change.ts";
import type { Heard } from "../../platform/event-position.ts";
import { table } from "../../platform/resource.ts";
import type { Store } from "../../platform/store.ts";
import type { Alert } from "./alert-contract.ts";
import type { PolicySpec } from "./contract.ts";

/** What a policy said. Ids are in the order of the revisions. */
export interface Revision extends PolicySpec {
  readonly id: string;
  readonly policy: string;
  readonly revision: number;
  readonly author: string;
  readonly at: number;
}

const DIGITS = 10;

export const revisionId = (policy: string, revision: number): string =>
  `${policy}/${String(revision).padStart(DIGITS, "0")}`;

export const revisions = table<Revision>("policyrevision", { policy: ({ policy, revision }) => [[policy, revision]] });

/** An event of a device that policies count. */
export interface Happening {
  /** The device and the event's number. */
  readonly id: string;
  readonly device: string;
  readonly type: string;
  readonly number: number;
  readonly at: number;
}
export const happenings = table<Happening>("policyhappening", {
  device: ({ device, at, id }) => [[device, at, id]],
  age: ({ at }) => [[at]],
});

/** Up to which event policies have seen what happened. */
export const followed = table<Heard>("policyposition");

/** A policy that was changed, and is still to be looked at on all devices. */
export interface Sweep {
  /** The policy. */
  readonly id: string;
  readonly version: number;
  /** The device behind which it goes on; empty at first. */
  readonly after: string;
}
export const sweeps = table<Sweep>("policysweep");

/** A policy is to be looked at on all devices, from the first one on. */
export async function swept(policy: string, store: Store): Promise<Change> {
  const before = (await store.get(sweeps, policy))?.version ?? 0;
  return replaced(sweeps, { id: policy, version: before + 1, after: "" }, before);
}

/** A change of an alert's state, with what decided. */
export interface Step extends Pick<Alert, "state" | "reason" | "looked" | "episode"> {
  /** The alert and a place: the newest take the places of the oldest. */
  readonly id: string;
  readonly alert: string;
  readonly number: number;
  readonly at: number;
}
export const steps = table<Step>("policystep", { alert: ({ alert, number }) => [[alert, number]] });
const STEPS_AT_MOST = 50;
const stepId = (alert: string, number: number) => `${alert}/${number % STEPS_AT_MOST}`;

export const noted = (step: Omit<Step, "id">): Change => put(steps, { ...step, id: stepId(step.alert, step.number) });

/** What was noted of an alert goes with it. */
export const unnoted = ({ id, steps: count = 0 }: Alert): readonly Change[] =>
  Array.from({ length: Math.min(count, STEPS_AT_MOST) }, (_, place) => removed(steps, stepId(id, place + 1)));
