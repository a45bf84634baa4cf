import type { CommandKind } from "@edgemere/protocol";
import { device, type Device } from "../devices/contract.ts";
import { compileSelector, viewOf, zoneNameOf } from "../devices/selector-contract.ts";
import { command, createJob, rollout, rolloutTarget, type Rollout, type RolloutTarget } from "./contract.ts";
import type { JobsContext } from "./context.ts";
import { isQueueFull } from "./creating.ts";
import { roomFor } from "./dangerous-caps.ts";
import { kinds } from "./kinds.ts";
import { windowAt } from "./maintenance-window.ts";
import type { Facts } from "./rollout-blocks.ts";
import type { Step } from "./rollout-gate.ts";
import { nextTurn, paceAt } from "./rollout-pace.ts";
import { conducts, targetId } from "./tables.ts";
import { secretsOf } from "./rollout-secrets.ts";
import { zoneOf } from "../../platform/wall-clock.ts";

const AT_ONCE = 1_000;

/** Finds out what decides about the devices of one rollout, for one look at it: what it found for one it does not ask again. */
export interface Survey {
  /** What it looks up; gives what tells the facts, with what has begun by the time it is asked. Several may be looked at at once. */
  look(target: Surveyable | undefined, row: Device): Promise<() => Facts>;
  /** What is known of a device by its own row: all else is as if nothing were in its way. It is enough for what never ends. */
  known(target: Surveyable | undefined, row: Device): Facts;
  /** What goes with it that only devices may read. */
  readonly secrets: Readonly<Record<string, string>> | undefined;
  /** One more is under way since the survey began. */
  begins(target: Surveyable): Promise<void>;
}

type Surveyable = Pick<
  RolloutTarget,
  "device" | "place" | "state" | "wave" | "notBefore" | "reason" | "detail" | "job" | "beganAt"
>;

/** What of a rollout, or of a plan of one, the survey needs. */
type Surveyed = Pick<
  Rollout,
  | "id"
  | "state"
  | "mode"
  | "kind"
  | "spec"
  | "selector"
  | "arguments"
  | "isApprovalNeeded"
  | "author"
  | "account"
  | "grants"
  | "waves"
  | "opened"
  | "pace"
  | "pausedBy"
  | "stop"
  | "undoneBy"
  | "undoes"
  | "secretNames"
>;

export async function surveyOf(row: Surveyed, step: Step, context: JobsContext): Promise<Survey> {
  const { store, clock, approvers } = context;
  const { spec, account, kind, selector } = row;
  const now = clock.now();
  const succeeded = row.waves.reduce((sum, each) => sum + each.succeeded, 0);
  const active = row.waves.reduce((sum, each) => sum + each.active, 0);
  const pace = paceAt(spec.rate, row.pace, { now, succeeded });
  const isAuthorActive = account === undefined || (await approvers.isActive(account, context));
  const cap = await roomFor({ actor: row.author, kind }, context);
  const isReached = reachedBy(row, context);
  const policy = policyFor(row, context);
  const expression = selector === undefined ? undefined : compileSelector(selector);
  // A plan has them in its caller's hand.
  const secrets = row.secretNames === undefined || row.id === "" ? undefined : await secretsOf(row.id, context);
  const areGone = row.secretNames !== undefined && row.id !== "" && secrets === undefined;
  const windows = new Map<string, Facts["window"]>();
  const places = new Map<string, Promise<Set<string>>>();
  let othersBegan: Promise<boolean> | undefined;
  let dark: Promise<ReadonlyMap<string, readonly string[]>> | undefined;
  let begun = 0;

  const windowIn = (name: string): Facts["window"] => {
    if (spec.windows === undefined || spec.windows.length === 0) return undefined;
    const known = windows.get(name);
    if (known !== undefined) return known;
    const zone = zoneOf(name);
    const state = zone === undefined ? "unknown-zone" : windowAt(spec.windows, zone, now);
    windows.set(name, state);
    return state;
  };
  const membersOf = async (place: string, { label, most }: NonNullable<typeof spec.budget>) => {
    const members = new Set<string>();
    const disturbed = { index: "disturbed", prefix: [row.id, place], limit: most + 1 };
    for await (const each of store.scan(rolloutTarget, disturbed)) members.add(each.device);
    dark ??= darkDevices(label, context);
    for (const each of (await dark).get(place) ?? []) members.add(each);
    return members;
  };
  const unavailableWith = async ({
    place,
    device: own,
  }: Surveyable): Promise<(() => Facts["unavailable"]) | undefined> => {
    const { budget } = spec;
    if (budget === undefined) return undefined;
    const looked = places.get(place) ?? membersOf(place, budget);
    places.set(place, looked);
    const members = await looked;
    return () => ({ count: members.size - (members.has(own) ? 1 : 0), most: budget.most });
  };

  const otherOf = async ({ id }: Device): Promise<string | undefined> => {
    othersBegan ??= haveOthersBegun(row.id, context);
    return (await othersBegan) ? otherRollout(id, row.id, context) : undefined;
  };

  const known = (target: Surveyable | undefined, found: Device): Facts => ({
    now,
    rollout: row,
    step,
    isAuthorActive,
    target,
    command: undefined,
    device: found,
    isSelected: row.mode === "snapshot" || expression === undefined || expression.matches(viewOf(found)),
    isWithinScope: isReached(found),
    policy: "admits",
    isKindKnown: kindsOf(row).every((each) => knows(found, each)),
    secretless:
      row.secretNames !== undefined && found.sealingKey === undefined
        ? "no-sealing-key"
        : areGone && target !== undefined
          ? "secrets-gone"
          : undefined,
    boxedUntil: 0,
    busyWith: undefined,
    isQueueFull: false,
    window: windowIn(spec.timeZone ?? zoneNameOf(found)),
    unavailable: undefined,
    atOnce: { count: active + begun, most: spec.atOnce ?? AT_ONCE },
    turnAt: nextTurn(spec.rate, { at: now, allowance: pace.allowance - begun }, succeeded),
    cappedUntil: begun < cap.most ? 0 : Math.max(cap.until, now + 1),
  });

  return {
    secrets,
    known,
    look: async (target, found) => {
      const isActive = target?.state === "active";
      // What harmed a device is taken back from it, however often it failed.
      const isBoxed = row.undoes === undefined;
      // At once: each of them waits for the store alone.
      const [command, said, undone, conduct, busyWith, isFull, unavailable] = await Promise.all([
        isActive ? commandOf(target, context) : undefined,
        isActive ? ("admits" as const) : policy(found),
        undoneOf(target, row, context),
        isBoxed ? store.get(conducts, found.id) : undefined,
        otherOf(found),
        isQueueFull(found, context),
        target && unavailableWith(target),
      ]);
      return () => ({
        ...known(target, found),
        command,
        policy: said,
        undone,
        boxedUntil: conduct?.boxedUntil ?? 0,
        busyWith,
        isQueueFull: isFull,
        unavailable: unavailable?.(),
      });
    },
    begins: async ({ place, device: own }) => {
      begun++;
      (await places.get(place))?.add(own);
    },
  };
}

/** What a rollout asks: what it is about, and what undoes that. */
export const kindsOf = ({ kind, spec }: Pick<Rollout, "kind" | "spec">): readonly CommandKind[] =>
  spec.rollback === undefined ? [kind] : [kind, spec.rollback.kind];

/** What policies say of asking a device this: the same as of a job of its own. What undoes a rollout waits for nobody. */
export function policyFor(
  {
    author,
    account,
    kind,
    arguments: given,
    isApprovalNeeded,
    undoes,
  }: Pick<Surveyed, "author" | "account" | "kind" | "arguments" | "isApprovalNeeded" | "undoes">,
  { admit }: Pick<JobsContext, "admit">,
): (found: Device) => Promise<Facts["policy"]> {
  const caller = { actor: author, account, via: "rule" } as const;
  return async (found) => {
    const input = { device: found.id, kind, arguments: given };
    const admitted = await admit({ action: createJob, input, caller, devices: [found] });
    if (admitted.refusal !== undefined) return "refuses";
    return admitted.isApprovalNeeded && !isApprovalNeeded && undoes === undefined ? "wants-approval" : "admits";
  };
}

/** Whether whoever asks may ask a device this: for a job, and for its kinds. */
export function reachedBy(row: Pick<Rollout, "grants" | "kind" | "spec">, { scopes }: JobsContext) {
  const needed = [createJob.permission, ...kindsOf(row).map((each) => kinds[each].permission)];
  const reaches = needed.map((each) => scopes.reachOf(row.grants, each));
  return (found: Device): boolean => reaches.every((reach) => reach.coversRow(found));
}

/** A device whose agent tells what it can do, and does not tell this, cannot. */
const knows = ({ agent: { capabilities } }: Pick<Device, "agent">, kind: string): boolean =>
  capabilities.includes(`command:${kind}`) || !capabilities.some((each) => each.startsWith("command:"));

async function undoneOf(
  target: Surveyable | undefined,
  { state, undoneBy }: Surveyed,
  { store }: JobsContext,
): Promise<Facts["undone"]> {
  if (target === undefined || undoneBy === undefined) return undefined;
  const undoing = await store.get(rolloutTarget, targetId(undoneBy.rollout, target.device));
  if (undoing === undefined && state === "rollingback" && target.beganAt !== undefined) return "coming";
  return undoing?.state;
}

/** Whether any other rollout has a device under way: most of the time none has, and no device need be asked. */
async function haveOthersBegun(own: string, { store }: JobsContext): Promise<boolean> {
  for await (const { id, waves } of store.scan(rollout, { index: "open" }))
    if (id !== own && waves.some(({ active }) => active > 0)) return true;
  return false;
}

async function otherRollout(id: string, own: string, { store }: JobsContext): Promise<string | undefined> {
  for await (const each of store.scan(rolloutTarget, { index: "device", prefix: [id, "active"] }))
    if (each.rollout !== own) return each.rollout;
  return undefined;
}

/** Devices that are not there, by their value of a label. */
async function darkDevices(label: string, { store }: JobsContext): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, string[]>();
  for (const presence of ["offline", "silent"])
    for await (const { id, state, labels } of store.scan(device, { index: "presence", prefix: [presence] })) {
      if (state === "retired" || state === "pending") continue;
      const place = labels[label] ?? "";
      const members = found.get(place);
      if (members === undefined) found.set(place, [id]);
      else members.push(id);
    }
  return found;
}

async function commandOf({ job }: Surveyable, { store }: JobsContext): Promise<Facts["command"]> {
  const [row] = (await store.list(command, { index: "job", prefix: [job ?? ""], limit: 1 })).items;
  return row && { state: row.state, expiresAt: row.expiresAt };
}
