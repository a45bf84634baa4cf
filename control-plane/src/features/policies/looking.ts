import { DAY, SECOND } from "@edgemere/protocol/kit";
import { readingOf, type Judgement } from "@edgemere/protocol/policy";
import { handle, type InputOf, type OutputOf } from "../../platform/action.ts";
import { Problem } from "../../platform/problem.ts";
import { resolve } from "../../platform/reference.ts";
import { device, type Device } from "../devices/contract.ts";
import { compileSelector, viewOf } from "../devices/selector-contract.ts";
import { alert, alertId, type Alert } from "./alert-contract.ts";
import type { PoliciesContext } from "./context.ts";
import { policy, type Policy } from "./contract.ts";
import { countWatched, dryRunPolicy, explainPolicy } from "./looking-contract.ts";
import { allConflicts } from "./conflict-actions.ts";
import { stoppedBecause } from "./effects.ts";
import { dryRunOfGroups } from "./group-dry-run.ts";
import { quietOf } from "./quiet.ts";
import { decidingDevice } from "./deciding.ts";
import { eventHistoryOf } from "./event-history.ts";
import { devicePacks, deviceWords } from "./device-packs-tables.ts";
import { obstaclesOnDevice } from "./on-device.ts";
import { isPerGroup } from "./per.ts";
import { withheldEffects } from "./pack-effects.ts";
import { replayed, type Past } from "./replay.ts";
import { settingsWords } from "./settings-explaining.ts";
import { historyOf, POINTS } from "./history.ts";
import type { Known } from "./watch.ts";
import { isOnDevice, made, watches, type WatchedPolicy } from "./watched-policy.ts";

export const lookingActions = [
  handle(explainPolicy, async ({ device: ref, policy: name }, context: PoliciesContext) => {
    const { store, clock, watch } = context;
    const found = await resolve(store, policy, name);
    if (isPerGroup(found))
      throw new Problem("invalid-input", `the policy "${name}" is about groups of devices: ask with explaingroup`);
    const row = await resolve(store, device, ref);
    const known = await watch.known(row.id, context);
    const ready = (await watch.policies(context)).byName.get(found.name);
    const standing = await store.get(alert, alertId(found.name, row.id));
    const settings = await settingsWords(found.name, row.id, context);
    const seen = {
      ...(settings.length > 0 && { settings: [...settings] }),
      deviceObstacles: [...obstaclesOnDevice(found)],
      ...(standing !== undefined && { state: standing.state }),
    };
    if (found.state === "disabled")
      return {
        answer: [`the policy "${found.name}" is disabled`, ...settings].join("; "),
        isWatched: false,
        ...seen,
      };
    if (ready === undefined || known === undefined || !watches(ready, known.row, known.view))
      return { answer: [notWatched(found, row), ...settings].join("; "), isWatched: false, ...seen };
    const judgement = ready.condition.judge(readingOf(known, ready, clock.now()));
    const quiet = await quietOf(ready, known.row, context);
    const stopped = await stoppedBecause(found, context);
    const conflicts = (await allConflicts(context, { only: found.name, on: known.row })).map(({ answer }) => answer);
    const decided = await deciderOf(ready, known, context);
    const answer = answerOf(ready, judgement, standing, { quiet: quiet?.reason, stopped });
    return {
      answer: [...answer, ...settings, ...saidOf(decided, clock.now())].join("; "),
      isWatched: true,
      ...decided,
      verdict: judgement.verdict,
      looked: [...judgement.looked],
      ...seen,
      ...(standing?.dueAt !== undefined && { dueAt: standing.dueAt }),
      ...(stopped !== undefined && { stopped }),
      ...(conflicts.length > 0 && { conflicts }),
      ...(quiet && { quiet }),
    };
  }),
  handle(dryRunPolicy, async (asked, context: PoliciesContext, caller) => {
    const { store, clock, scopes } = context;
    const { to = clock.now(), devices: most = 100, selector = "" } = asked;
    const from = asked.from ?? to - DAY;
    if (from > to) throw new Problem("invalid-input", `"from" (${from}) must not be after "to" (${to})`);
    const reach = scopes.reachOf(caller, dryRunPolicy.permission);
    if (isPerGroup(asked)) {
      if (!reach.isEverywhere)
        throw new Problem("forbidden", "a dry run about groups takes the permission policy:read for all devices");
      return dryRunOfGroups(draftOf(asked), { from, to, devices: most }, context);
    }
    const ready = made(draftOf(asked));
    const isCounting = ready.condition.events.length > 0;
    const counted = isCounting ? await eventHistoryOf(ready, { from, to }, store) : undefined;
    const picked = selector === "" ? undefined : compileSelector(selector);
    const begin = counted?.from ?? from;
    const fired: OutputOf<typeof dryRunPolicy>["fired"] = [];
    const answer = { from: begin, to, devices: 0, isWhole: begin === from, fired };
    for await (const row of store.scan(device)) {
      if (row.state === "retired" || row.state === "pending" || !reach.coversRow(row)) continue;
      if (picked?.matches(viewOf(row)) === false) continue;
      if (answer.devices === most) return { ...answer, isWhole: false };
      answer.devices++;
      const { episodes, isWhole } = await pastOf(
        ready,
        row,
        { from: begin, to, happened: counted?.devices.get(row.id) },
        context,
      );
      answer.isWhole &&= isWhole;
      if (episodes.length > 0) answer.fired.push({ device: row.id, name: row.name, episodes: [...episodes] });
    }
    return answer;
  }),
  handle(countWatched, async (_, context: PoliciesContext, caller) => {
    const { store, scopes, watch } = context;
    const { all: single, groups } = await watch.policies(context);
    const all = [...single, ...groups.policies];
    const reach = scopes.reachOf(caller, countWatched.permission);
    let devices = 0;
    for await (const row of store.scan(device))
      if (reach.coversRow(row) && all.some((each) => watches(each, row))) devices++;
    return { policies: all.length, devices };
  }),
];

/** A policy that is not saved. */
const draftOf = ({
  condition,
  selector,
  per,
  for: wait,
  keepFiringFor,
  freshFor,
  noData,
}: InputOf<typeof dryRunPolicy>): Policy => ({
  id: "",
  name: "",
  version: 0,
  createdAt: 0,
  updatedAt: 0,
  state: "enabled",
  author: "",
  revision: 0,
  condition,
  ...(selector !== undefined && { selector }),
  ...(per !== undefined && { per }),
  ...(wait !== undefined && { for: wait }),
  ...(keepFiringFor !== undefined && { keepFiringFor }),
  ...(freshFor !== undefined && { freshFor }),
  ...(noData !== undefined && { noData }),
});

async function pastOf(
  ready: WatchedPolicy,
  row: Device,
  { from, to, happened = [] }: Pick<Past, "from" | "to"> & { readonly happened: Past["happened"] | undefined },
  context: PoliciesContext,
) {
  const { metrics } = ready.condition;
  const past = { view: viewOf(row), from, to, happened };
  if (metrics.size === 0) return { episodes: replayed(ready, { ...past, samples: [] }), isWhole: true };
  const back = Math.max(ready.freshFor, ...ready.condition.windows.map(({ span }) => span));
  const series = await historyOf({ device: row.id, metrics, from: from - back, to }, context);
  return {
    episodes: replayed(ready, { ...past, samples: series }),
    // So many may be the last ones of steps only.
    isWhole: series.every(({ at }) => at.length < POINTS),
  };
}

function notWatched({ name, selector = "" }: Policy, { name: deviceName, state }: Device): string {
  if (state !== "active" && state !== "quarantined")
    return `the device "${deviceName}" is ${state}: no policy watches it`;
  return `the policy "${name}" does not watch "${deviceName}": its selector is ${selector}`;
}

export function answerOf(
  { name }: Pick<WatchedPolicy, "name">,
  { verdict, looked }: Judgement,
  standing: Alert | undefined,
  { quiet, stopped }: { readonly quiet: string | undefined; readonly stopped: string | undefined },
): readonly string[] {
  const saw = looked
    .map(({ what, value }) => `${what} is ${value === undefined ? "not known" : String(value)}`)
    .join(", ");
  const what = {
    met: `the condition of "${name}" holds`,
    unmet: `the condition of "${name}" does not hold`,
    unknown: `nobody can tell whether the condition of "${name}" holds`,
  }[verdict];
  const state =
    standing === undefined || standing.state === "resolved" ? "there is no alert" : `the alert is ${standing.state}`;
  return [
    saw === "" ? what : `${what}: ${saw}`,
    state,
    ...(quiet === undefined ? [] : [`it is no surprise: ${quiet}`]),
    ...(stopped === undefined ? [] : [`nothing follows from it: ${stopped}`]),
  ];
}

interface Decider {
  readonly decidedOn: string;
  readonly heardAt?: number;
  readonly pack?: number;
  readonly withheld?: string[];
  readonly packRefused?: string;
}

/** Who decides about a policy on a device. */
async function deciderOf(ready: WatchedPolicy, { row }: Known, context: PoliciesContext): Promise<Decider> {
  if (!isOnDevice(ready.row)) return { decidedOn: "centre" };
  const device = await decidingDevice(row, [ready], context);
  const refused = (await context.store.get(devicePacks, row.id))?.refused;
  if (device === undefined) return { decidedOn: "centre", ...(refused !== undefined && { packRefused: refused }) };
  const words = await context.store.get(deviceWords, row.id);
  const withheld = [...(await withheldEffects(ready.row, row, context))];
  return {
    decidedOn: "device",
    ...(words && { heardAt: words.heardAt, pack: words.pack }),
    ...(withheld.length > 0 && { withheld }),
  };
}

function saidOf({ decidedOn, heardAt, packRefused, withheld = [] }: Decider, now: number): readonly string[] {
  if (packRefused !== undefined) return [`it is decided here, because the device does not watch it: ${packRefused}`];
  if (decidedOn === "centre") return [];
  return [
    heardAt === undefined
      ? "it is decided on the device, which has not been heard on it yet"
      : `it is decided on the device, last heard ${Math.round((now - heardAt) / SECOND)} s ago`,
    ...withheld,
  ];
}
