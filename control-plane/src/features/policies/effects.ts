import type { TObject } from "@sinclair/typebox";
import { SECOND, type Loop } from "@edgemere/protocol/kit";
import { may, type Caller } from "../../platform/caller.ts";
import { ask, askItself } from "../../platform/dispatch.ts";
import { updated } from "../../platform/change.ts";
import { compileExpression } from "../../platform/expression.ts";
import { fieldProblems } from "../../platform/field-problems.ts";
import { Problem } from "../../platform/problem.ts";
import { withInstants } from "../../platform/with-instants.ts";
import { unlessMoved } from "../../platform/repeat.ts";
import { dataVocabulary } from "../data-catalogue/contract.ts";
import { findData, PLACING } from "../data-orchestrator/contract.ts";
import { applyPlan, createJob, listKinds, permissionsToCommand, planJob } from "../jobs/contract.ts";
import { findContact, USING } from "../notifier/contract.ts";
import { alert, type Alert } from "./alert-contract.ts";
import type { PoliciesContext } from "./context.ts";
import type { Policy } from "./contract.ts";
import {
  isAskedFor,
  isConfiguring,
  isInNameOfAuthor,
  type AskedFor,
  type Done,
  type Effect,
} from "./effect-contract.ts";
import { collecting } from "./evidence.ts";
import { callerOf } from "./policy-caller.ts";

const AT_ONCE = 50;
const DEVICES_OF_A_PLAN = 500;
/** Problems that go away: what they keep from being done is tried again. */
const passing = new Set(["too-many-requests", "unavailable", "storage-full"]);
const DEVICE = "{device}";
const DEVICES = "{devices}";

function permissionsFor(effect: Effect): readonly string[] {
  if (effect.do === "notify") return [USING];
  if (effect.do === "command") return permissionsToCommand(effect.kind);
  if (effect.do === "configure") return permissionsToCommand("configure");
  return [findData.permission, ...(effect.where === undefined ? [] : [PLACING])];
}

/** Throws Problem where an effect is wrong, or is more than who wants it may do. A policy may do no more than who wrote it. */
export async function refuseEffects(
  effects: readonly Effect[],
  caller: Caller,
  context: PoliciesContext,
): Promise<void> {
  for (const effect of effects) {
    const lacking = permissionsFor(effect).find((each) => !may(caller, each));
    if (lacking !== undefined)
      throw new Problem(
        "forbidden",
        `${caller.actor} may not let a policy do this: it needs the permission ${lacking} for all devices`,
      );
    if (effect.do === "data") compileExpression(queryOf(effect.query, ["device"]), dataVocabulary);
    else if (effect.do === "command") await refuseArguments(effect, context);
    else if (isConfiguring(effect))
      await refuseArguments({ kind: "configure", arguments: { set: effect.set } }, context);
    else for (const each of effect.contacts) await askItself(findContact, { contact: each }, context);
  }
}

/**
 * Why nothing follows from a policy any more though it fires: it does no more than its author may do now. Undefined where everything does. One that
 * was written by a program without an account is bound by what the effects take alone.
 */
export async function stoppedBecause(
  { author, account, effects = [] }: Pick<Policy, "author" | "account" | "effects">,
  context: PoliciesContext,
): Promise<string | undefined> {
  if (account === undefined || !effects.some(isInNameOfAuthor) || context.accountOf === undefined) return undefined;
  const known = await context.accountOf(account, context);
  const mending = "somebody else may update the policy, and answers for it then";
  if (known?.isActive !== true) return `the account of its author, ${author}, is locked or gone: ${mending}`;
  const lacking = effects
    .filter(isInNameOfAuthor)
    .flatMap(permissionsFor)
    .find((each) => !may(known, each));
  return lacking && `its author, ${author}, has the permission ${lacking} for all devices no more: ${mending}`;
}

async function refuseArguments(
  { kind, arguments: given = {} }: Pick<Extract<Effect, { do: "command" }>, "kind" | "arguments">,
  context: PoliciesContext,
): Promise<void> {
  const { kinds } = await askItself(listKinds, {}, context);
  const schema = kinds.find((each) => each.kind === kind)?.arguments as TObject;
  // They stay as they were written: what is said from now is reckoned when the policy fires.
  const read = withInstants(schema, given, context.clock.now());
  const errors = fieldProblems(schema, read, { what: `the command ${kind}` });
  if (errors.length > 0)
    throw new Problem("invalid-input", errors.map(({ detail }) => detail).join("; "), {
      errors: errors.map(({ pointer, detail }) => ({ pointer: `/effects/arguments${pointer}`, detail })),
    });
}

const whatOf = (effect: AskedFor): string => (effect.do === "data" ? "data" : effect.kind);

const queryOf = (query: string, devices: readonly string[]): string =>
  query.replaceAll(DEVICE, devices[0] ?? "").replaceAll(DEVICES, devices.join(","));

/** Does what policies say of alerts that fire, and writes down what became of it. */
export const doEffects = (context: PoliciesContext): Loop => ({
  name: "do what policies say",
  every: SECOND,
  onError: (error) => context.log.error("loop failed", { loop: "do what policies say", error }),
  step: async () => {
    const { items } = await context.store.list(alert, { index: "acting", limit: AT_ONCE });
    let isAnyDone = false;
    for (const row of items) isAnyDone = (await act(row, context)) || isAnyDone;
    return items.length === AT_ONCE && isAnyDone ? "more" : "settled";
  },
});

/** False where it is to be tried again. */
async function act(row: Alert, context: PoliciesContext): Promise<boolean> {
  const { store, watch } = context;
  const { byName, groups } = await watch.policies(context);
  const of = (byName.get(row.policy) ?? groups.byName.get(row.policy))?.row;
  // Which devices a group has is known when all were taken in.
  if (row.group !== undefined && !groups.isWhole) return false;
  const { device } = row;
  const devices =
    device === undefined ? [...(groups.of(row.policy)?.find(row.group ?? "")?.members ?? [])].toSorted() : [device];
  const done: Done[] = [];
  const stopped = of && (await stoppedBecause(of, context));
  for (const [place, effect] of (of?.effects ?? []).entries()) {
    if (!isAskedFor(effect)) continue;
    const some =
      stopped === undefined
        ? await doOne(effect, place, { row, of, devices }, context)
        : [{ what: whatOf(effect), at: context.clock.now(), problem: stopped }];
    if (some === undefined) return false;
    done.push(...some);
  }
  const { isActing: _, ...rest } = row;
  await store.commit(updated(alert, rest, { done }), ...collecting(done, row, context.clock.now())).catch(unlessMoved);
  return true;
}

interface Wanted {
  readonly row: Alert;
  readonly of: Policy | undefined;
  readonly devices: readonly string[];
}

/** Undefined where it is to be tried again. The key makes a second try after a crash give what the first one made. */
async function doOne(
  effect: AskedFor,
  place: number,
  { row, of, devices }: Wanted,
  context: PoliciesContext,
): Promise<readonly Done[] | undefined> {
  const { policy, episode, id } = row;
  const what = whatOf(effect);
  const at = context.clock.now();
  const caller: Caller = {
    ...callerOf({ name: policy, account: of?.account }, permissionsFor(effect), context),
    idempotencyKey: `alert ${id} ${episode} ${row.since} ${place}`,
  };
  try {
    if (effect.do === "data") {
      const { do: _, query, ...more } = effect;
      const made = await ask(findData, { ...more, query: queryOf(query, devices) }, caller, context);
      return [{ what, at, made: made.id }];
    }
    const { do: _, ...asked } = effect;
    if (row.device === undefined) return await rolledOut(asked, devices, { what, at }, { caller, context });
    const { job } = await ask(createJob, { ...asked, device: row.device }, caller, context);
    return [{ what, at, made: job.id }];
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return passing.has(error.type) ? undefined : [{ what, at, problem: error.message }];
  }
}

/** A command to all devices of a group is a rollout, or some: a plan has so many devices and no more. */
async function rolledOut(
  asked: Omit<Extract<Effect, { do: "command" }>, "do">,
  devices: readonly string[],
  done: Pick<Done, "what" | "at">,
  { caller, context }: { readonly caller: Caller; readonly context: PoliciesContext },
): Promise<readonly Done[]> {
  const all: Done[] = [];
  for (let from = 0; from < devices.length; from += DEVICES_OF_A_PLAN) {
    const some = devices.slice(from, from + DEVICES_OF_A_PLAN);
    const apply = async (attempt: string) => {
      const once = (step: string): Caller => ({
        ...caller,
        idempotencyKey: `${caller.idempotencyKey ?? ""} ${from} ${step}${attempt}`,
      });
      const { plan } = await ask(planJob, { ...asked, devices: some }, once("plan"), context);
      return () => ask(applyPlan, { plan }, once("apply"), context);
    };
    const first = await apply("");
    const { id } = await first().catch(async (error: unknown) => {
      if (!(error instanceof Problem) || error.type !== "conflict") throw error;
      // The plan was made long ago, before a crash, or the world moved meanwhile.
      return (await apply(" again"))();
    });
    all.push({ ...done, made: id });
  }
  return all;
}
