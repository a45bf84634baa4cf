import { isDeepStrictEqual } from "node:util";
import { commandLife } from "@edgemere/protocol";
import { removed, replaced } from "../../platform/change.ts";
import { ask } from "../../platform/dispatch.ts";
import { Problem } from "../../platform/problem.ts";
import type { Store } from "../../platform/store.ts";
import { device as deviceResource } from "../devices/contract.ts";
import { command, createJob, job, permissionsToCommand, type Command } from "../jobs/contract.ts";
import { alert } from "./alert-contract.ts";
import type { PoliciesContext } from "./context.ts";
import { isConfiguring } from "./effect-contract.ts";
import { stoppedBecause } from "./effects.ts";
import { callerOf } from "./policy-caller.ts";
import { deviceSettings, type AskedSetting, type DeviceSettings } from "./settings-table.ts";
import { isAskedSince, settingsToldBy, wantedNow, winnersOf, type Settings } from "./settings-wanted.ts";

const KIND = "configure";
const WEEK_SECONDS = 604_800;

/** Asks a device for what its alerts want of its settings, and for what people want where they want nothing any more. */
export async function settle(id: string, context: PoliciesContext): Promise<void> {
  const { store } = context;
  const winners = await winnersOn(id, context);
  const known = await store.get(deviceSettings, id);
  if (known === undefined && winners.size === 0) return;
  if ((await store.get(deviceResource, id))?.state === "retired") return;
  const before = known ?? (await begun(id, context));
  const people = await askedByPeople(id, before.after, store);
  const { wish, ...wanted } = wantedNow(before, people);
  const asked: Record<string, AskedSetting> = {};
  const toAsk = new Map<string, Wish[]>();
  for (const option of new Set([...winners.keys(), ...Object.keys(before.asked)].toSorted())) {
    const was = before.asked[option];
    const winner = winners.get(option);
    const values = winner === undefined ? wish[option] : winner.values;
    const isOverruled = was !== undefined && isAskedSince(option, was.job, people);
    const standing = was === undefined ? undefined : await standingOf(was, store);
    const isRight = isDeepStrictEqual(was?.values, values) && !isOverruled && standing?.is !== "missing";
    if (was !== undefined && (isRight || (winner === undefined && isOverruled))) {
      // What is as people want it is none of our business any more.
      const isOver = isRight ? standing?.is === "done" : isAskedSince(option, was.job, people.filter(isDone));
      if (winner !== undefined || !isOver) asked[option] = was;
    } else if (winner !== undefined || was?.isTouched === true) {
      const { policy, account } = winner ?? was ?? { policy: "" };
      toAsk.set(policy, [
        ...(toAsk.get(policy) ?? []),
        { option, values, account, isTouched: was?.isTouched ?? false },
      ]);
    }
  }
  for (const [policy, wishes] of toAsk) Object.assign(asked, await askFor(before, policy, wishes, context));
  const after = { ...before, ...wanted, asked, version: before.version + 1 };
  if (winners.size === 0 && Object.keys(asked).length === 0)
    await store.commit(removed(deviceSettings, id, before.version));
  else if (!isDeepStrictEqual(after, { ...before, version: after.version }))
    await store.commit(replaced(deviceSettings, after, before.version));
}

const isDone = ({ state }: Command): boolean => state === "succeeded";

/** What the policies whose alerts last want of a device. What an author may not do any more nobody wants. */
export async function winnersOn(id: string, context: PoliciesContext) {
  const { byName } = await context.watch.policies(context);
  const wanting = [];
  for await (const { state, policy } of context.store.scan(alert, { index: "open", prefix: [id] })) {
    const row = byName.get(policy)?.row;
    if (row === undefined || (state !== "firing" && state !== "recovering")) continue;
    if (row.effects?.some(isConfiguring) && (await stoppedBecause(row, context)) === undefined) wanting.push(row);
  }
  return winnersOf(wanting);
}

/** Before anything is asked for: what is wanted now is what it is put back to. */
async function begun(id: string, { store, clock }: PoliciesContext): Promise<DeviceSettings> {
  let [base, after]: [Settings, string] = [{}, ""];
  for await (const each of store.scan(command, { index: "device", prefix: [id], reverse: true }))
    if (each.kind === KIND && each.state === "succeeded") {
      [base, after] = [settingsToldBy(each), each.id];
      break;
    }
  const row = { id, version: 1, since: clock.now(), base, after, asked: {} };
  await store.commit(replaced(deviceSettings, row, 0));
  return row;
}

/** Oldest first. */
async function askedByPeople(id: string, after: string, store: Store): Promise<readonly Command[]> {
  const found: Command[] = [];
  for await (const each of store.scan(command, { index: "device", prefix: [id], reverse: true })) {
    if (each.id <= after) break;
    if (each.kind === KIND && !each.author.startsWith("policy:")) found.push(each);
  }
  return found.toReversed();
}

export type SettingStanding =
  | { readonly is: "done" | "pending" | "missing" }
  | { readonly is: "refused"; readonly why: string };

/** What became of what was asked. What is forgotten was done long ago. */
export async function standingOf({ job: id, problem }: AskedSetting, store: Store): Promise<SettingStanding> {
  if (problem !== undefined) return { is: "missing" };
  const row = await store.get(job, id);
  const [one] = (await store.list(command, { index: "job", prefix: [id], limit: 1 })).items;
  const state = one?.state ?? row?.state ?? "succeeded";
  if (state === "succeeded") return { is: "done" };
  if (state === "expired" || state === "lost") return { is: "missing" };
  if (one === undefined ? state === "awaitingapproval" || state === "running" : !commandLife.isFinal(one.state))
    return { is: "pending" };
  const why = [one?.reason ?? row?.decision?.reason ?? "", one?.detail ?? ""].filter((each) => each !== "").join(": ");
  return { is: "refused", why: why === "" ? `job ${id} is ${state}` : why };
}

interface Wish extends Pick<AskedSetting, "isTouched"> {
  readonly option: string;
  /** Undefined: what the host itself says. */
  readonly values: readonly string[] | undefined;
  readonly account: string | undefined;
}

/** One command for all that one policy wants, or wanted. The key makes a second try after a crash give what the first one made. */
async function askFor(
  { id, since, version }: DeviceSettings,
  policy: string,
  wishes: readonly Wish[],
  context: PoliciesContext,
): Promise<Readonly<Record<string, AskedSetting>>> {
  const set = wishes.flatMap(({ option, values }) => (values === undefined ? [] : [[option, [...values]] as const]));
  const reset = wishes.filter(({ values }) => values === undefined).map(({ option }) => option);
  const account = wishes[0]?.account;
  const caller = {
    ...callerOf({ name: policy, account }, permissionsToCommand(KIND), context),
    idempotencyKey: `settings ${id} ${since} ${version} ${policy}`,
  };
  const given = { ...(set.length > 0 && { set: Object.fromEntries(set) }), ...(reset.length > 0 && { reset }) };
  const answered = (told: { readonly job: string; readonly problem?: string }) =>
    Object.fromEntries(
      wishes.map(({ option, values, isTouched }) => [
        option,
        {
          ...(values !== undefined && { values }),
          policy,
          ...(account !== undefined && { account }),
          ...told,
          isTouched: isTouched || told.job !== "",
        },
      ]),
    );
  try {
    const asked = { device: id, kind: KIND, arguments: given, queueTimeout: WEEK_SECONDS } as const;
    return answered({ job: (await ask(createJob, asked, caller, context)).job.id });
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return answered({ job: "", problem: error.message });
  }
}
