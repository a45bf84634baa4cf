import { nextOf, readingOf, type Judgement, type Next, type Situation } from "@edgemere/protocol/policy";
import { created, destroyed, moved, updated, type Change } from "../../platform/change.ts";
import { alert, alertId, groupAlertId, type Alert } from "./alert-contract.ts";
import type { PoliciesContext } from "./context.ts";
import { decidingDevice } from "./deciding.ts";
import { nextByWord, type Word } from "./device-word.ts";
import { isAskedFor, type Done } from "./effect-contract.ts";
import { stillSaid } from "./opening.ts";
import { quietOf, type Quiet } from "./quiet.ts";
import type { Known } from "./watch.ts";
import { noted, unnoted } from "./tables.ts";
import { isOnDevice, watches, type WatchedPolicy } from "./watched-policy.ts";

const LOOKED_AT_MOST = 16;
const gone: { readonly verdict: "gone"; readonly looked: Judgement["looked"] } = { verdict: "gone", looked: [] };

/**
 * What becomes of the alerts of some policies on a device: looks and decides. The alert's row is read only where there is something to decide,
 * which is seldom: of most policies nothing holds, and nothing did.
 */
export async function evaluated(
  known: Known,
  policies: readonly WatchedPolicy[],
  context: PoliciesContext,
): Promise<readonly Change[]> {
  const now = context.clock.now();
  const changes: Change[] = [];
  const device = await decidingDevice(known.row, policies, context);
  for (const each of policies) {
    const isWatched = watches(each, known.row, known.view);
    if (isWatched && device !== undefined && isOnDevice(each.row)) {
      const word = device.policies[each.name];
      // Until it is heard nobody knows: an alert stays as it is.
      if (word !== undefined && known.open.has(each.name))
        changes.push(...(await saidAgain({ known, each, word }, context)));
      continue;
    }
    const judgement = isWatched ? each.condition.judge(readingOf(known, each, now)) : gone;
    if (isWatched) context.watch.evaluated.add([]);
    const missingAt = missingOf(each, () => known.observations.newestAt(each.condition.metrics), context);
    const { name, lookEvery } = each;
    if (!known.open.has(name) && !opens(judgement, missingAt, now)) continue;
    const lookAgainAt = lookEvery === undefined ? undefined : now + lookEvery;
    const quiet = () => quietOf(each, known.row, context);
    const about = { device: known.row.id };
    const found = { policy: each, about, judgement, missingAt, lookAgainAt, quiet, open: known.open, key: name };
    changes.push(...(await decided(found, context)));
  }
  return changes;
}

/** Ends the alerts of a policy that is there no more. */
export function ended(row: Alert, now: number): readonly Change[] {
  const next = nextOf(row, { now, verdict: "gone", for: 0, keepFiringFor: 0 });
  return changesOf(row, next, { now, looked: [], reason: "", acts: false });
}

/** When a lack of what a policy needs counts; undefined where it never does. Nobody looked before, and nobody asked. */
export const missingOf = (
  { noData, row }: Pick<WatchedPolicy, "noData" | "row">,
  newestAt: () => number,
  { watch, clock }: PoliciesContext,
): number | undefined =>
  noData === undefined ? undefined : Math.max(newestAt(), watch.since(clock.now()), row.updatedAt) + noData;

/** Whether something begins, or goes on. Where nothing does, and no alert is open, there is nothing to decide: which is most often. */
export const opens = (
  { verdict }: Pick<Found["judgement"], "verdict">,
  missingAt: number | undefined,
  now: number,
): boolean => verdict === "met" || (verdict === "unknown" && missingAt !== undefined && missingAt <= now);

/** What is the case of a policy on a device, or in a group. */
interface Found {
  readonly policy: Pick<WatchedPolicy, "name" | "row" | "for" | "keepFiringFor">;
  readonly about: About;
  readonly judgement: { readonly verdict: Situation["verdict"]; readonly looked: Judgement["looked"] };
  readonly missingAt: number | undefined;
  readonly lookAgainAt?: number | undefined;
  readonly quiet: () => Promise<Quiet | undefined>;
  /** What has an alert that is not over, or may have one, and under which word this one stands there. */
  readonly open: Set<string>;
  readonly key: string;
}

/** What becomes of an alert of which something is to be decided. */
export async function decided(
  { policy, about, judgement, missingAt, lookAgainAt, quiet: quietNow, open, key }: Found,
  context: PoliciesContext,
): Promise<readonly Change[]> {
  const { row: saying } = policy;
  const now = context.clock.now();
  const { verdict } = judgement;
  const row = await context.store.get(alert, alertIdOf(policy.name, about));
  const quiet = verdict === "gone" ? undefined : await quietNow();
  const { for: wait, keepFiringFor } = policy;
  const next = nextOf(row, { now, verdict, for: wait, keepFiringFor, missingAt, quiet, lookAgainAt });
  const isOpen = row !== undefined && row.state !== "resolved";
  // It is there sooner than the row: who looks in between reads the row once too often.
  if (next.do === "move" || isOpen) open.add(key);
  if (next.do === "stay" && !isOpen) open.delete(key);
  const isStarving = next.do === "move" && next.signal === "starve";
  const told = {
    now,
    looked: judgement.looked.slice(0, LOOKED_AT_MOST),
    reason: isStarving ? missingWords(judgement.looked) : (quiet?.reason ?? ""),
    acts: (saying.effects ?? []).some(isAskedFor),
  };
  const still = next.do === "move" && !isOpen ? [await stillSaid(saying, context)] : [];
  if (row !== undefined) return [...changesOf(row, next, told), ...still];
  return next.do === "move" ? [...begun(policy, about, next, told), ...still] : [];
}

/** What an alert is about. */
export type About = { readonly device: string } | { readonly group: string };
const alertIdOf = (policy: string, about: About): string =>
  "device" in about ? alertId(policy, about.device) : groupAlertId(policy, about.group);

/** The first time that it begins. */
export function begun(
  { name, row }: Pick<WatchedPolicy, "name" | "row">,
  about: About,
  next: Extract<Next, { do: "move" }>,
  told: Told,
): readonly Change[] {
  const { now, looked, reason, acts, done = [] } = told;
  const state = alert.life.next("resolved", next.signal);
  const id = alertIdOf(name, about);
  const seen = { episode: 1, looked: [...looked], reason };
  const draft = { policy: name, ...about, severity: row.severity ?? "warning", ...seen, steps: 1 };
  const dates = datesOf(next, undefined, state, now);
  const acting = { ...(acts && state === "firing" && { isActing: true }), ...(done.length > 0 && { done: [...done] }) };
  return [
    created(alert, id, { ...draft, ...dates, ...acting, ...deciding(told) }, state),
    noted({ alert: id, number: 1, at: now, state, ...seen }),
  ];
}

/** What the last word of a device says of an alert now: what is no surprise comes and goes without it. */
async function saidAgain(
  { known, each, word }: { readonly known: Known; readonly each: WatchedPolicy; readonly word: Word },
  context: PoliciesContext,
): Promise<readonly Change[]> {
  const row = await context.store.get(alert, alertId(each.name, known.row.id));
  if (row === undefined || row.state === "resolved") known.open.delete(each.name);
  if (row === undefined) return [];
  const quiet = await quietOf(each, known.row, context);
  const now = context.clock.now();
  const told = { now, looked: row.looked, reason: quiet?.reason ?? "", acts: false, heardAt: row.heardAt ?? now };
  return byWord(row, nextByWord(row, word, quiet), told);
}

/** What a device's word makes of a row, step by step. */
export function byWord(row: Alert, steps: readonly Next[], told: Told): readonly Change[] {
  const changes: Change[] = [];
  let after: Alert | undefined = row;
  for (const next of steps) {
    if (after === undefined) break;
    const made = changesOf(after, next, told);
    after = rowAfter(made) ?? after;
    changes.push(...made);
  }
  return changes;
}

/** The alert that changes leave; undefined where they leave it as it was, or none. */
export const rowAfter = (changes: readonly Change[]): Alert | undefined =>
  changes.flatMap(({ writes }) => writes).findLast(({ table }) => table.name === alert.name)?.row as Alert | undefined;

const missingWords = (looked: Judgement["looked"]): string =>
  `there is nothing new of ${looked
    .filter(({ value }) => value === undefined)
    .map(({ what }) => what)
    .join(", ")}`;

/** What is told with a decision. */
export interface Told {
  readonly now: number;
  readonly looked: Judgement["looked"];
  readonly reason: string;
  /** Whether something follows when it fires. */
  readonly acts: boolean;
  /** When the device was heard that decides about it; undefined where the centre decides. */
  readonly heardAt?: number;
  /** What the device did by itself. */
  readonly done?: readonly Done[];
}

const passing: readonly string[] =
  "firedAt clearedAt endedAt dueAt acknowledgedBy done isActing decidedOn heardAt".split(" ");

const deciding = ({ heardAt }: Pick<Told, "heardAt">) =>
  heardAt === undefined ? {} : { decidedOn: "device" as const, heardAt };

/** An alert without what changes with its state: a field that is absent cannot be written over. */
const bare = (row: Alert): Alert =>
  Object.fromEntries(Object.entries(row).filter(([field]) => !passing.includes(field))) as unknown as Alert;

/** What of an alert lasts as long as it is the same one. */
const sinceBegin = ({ acknowledgedBy, done, isActing }: Pick<Alert, "acknowledgedBy" | "done" | "isActing">) => ({
  ...(acknowledgedBy !== undefined && { acknowledgedBy }),
  ...(done !== undefined && { done }),
  ...(isActing !== undefined && { isActing }),
});

/** What a decision makes of a row. */
function changesOf(row: Alert, next: Next, told: Told): readonly Change[] {
  if (next.do === "drop") return [destroyed(alert, row), ...unnoted(row)];
  const { now, looked, reason, acts, done = [] } = told;
  const { firedAt, clearedAt, dueAt } = row;
  const rest = bare(row);
  if (next.do === "stay") {
    if (row.state === "resolved" || next.dueAt === dueAt) return [];
    const dates = { ...(firedAt !== undefined && { firedAt }), ...(clearedAt !== undefined && { clearedAt }) };
    const kept = { ...rest, ...dates, ...sinceBegin(row), ...deciding(told) };
    return [updated(alert, kept, { ...(next.dueAt !== undefined && { dueAt: next.dueAt }) })];
  }
  const state = alert.life.next(row.state, next.signal);
  const isAgain = row.state === "resolved";
  const number = (row.steps ?? 0) + 1;
  const seen = { reason, episode: isAgain ? row.episode + 1 : row.episode };
  const patch = {
    ...datesOf(next, isAgain ? undefined : firedAt, state, now),
    ...(!isAgain && sinceBegin(row)),
    // Once for each time that it begins.
    ...(acts && state === "firing" && (isAgain || firedAt === undefined) && { isActing: true }),
    ...(looked.length > 0 && { looked: [...looked] }),
    ...(done.length > 0 && { done: [...done] }),
    ...deciding(told),
    ...seen,
    steps: number,
  };
  return [
    moved(alert, rest, next.signal, patch),
    noted({ alert: row.id, number, at: now, state, looked: [...looked], ...seen }),
  ];
}

const datesOf = (
  { since, clearedAt, dueAt }: Extract<Next, { do: "move" }>,
  firedAt: number | undefined,
  state: Alert["state"],
  now: number,
) => ({
  since,
  ...((firedAt !== undefined || state === "firing") && { firedAt: firedAt ?? now }),
  ...(clearedAt !== undefined && { clearedAt }),
  ...(dueAt !== undefined && { dueAt }),
  ...(state === "resolved" && { endedAt: now }),
});
