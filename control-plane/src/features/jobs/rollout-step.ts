import { MINUTE, SECOND, type Loop } from "@edgemere/protocol/kit";
import { moved, put, removed, updated } from "../../platform/change.ts";
import { repeatOnConflict } from "../../platform/repeat.ts";
import { isEnded, rollout, type Rollout } from "./contract.ts";
import type { JobsContext } from "./context.ts";
import { absorbEnds } from "./rollout-absorb.ts";
import { beginTargets, type Looked } from "./rollout-begin.ts";
import { compareSome, forgottenComparison } from "./rollout-canary.ts";
import { nextStep, QUEUE_TIMEOUT, type Step } from "./rollout-gate.ts";
import { forgottenSecrets } from "./rollout-secrets.ts";
import { carryOutStop } from "./rollout-stopping.ts";
import { rolloutDues, rolloutNews, woken } from "./tables.ts";
import { beginUndo, carryUndo } from "./rollout-undo.ts";
import { sweep, writeTargets } from "./rollout-write.ts";

/** What nobody tells of, such as an account that is unlocked, is seen after so long. */
const AT_THE_LATEST = MINUTE;
const unknown: Looked = { until: undefined };

/** Carries on every rollout that has something to do: one with news, and one whose time has come. Others cost nothing. */
export const carryRollouts = (context: JobsContext): Loop => ({
  name: "carry rollouts on",
  every: SECOND,
  onError: (error) => context.log.error("loop failed", { loop: "carry rollouts on", error }),
  step: async () => {
    const { store, clock } = context;
    for await (const { id } of store.scan(rolloutNews))
      await store.commit(removed(rolloutNews, id), put(rolloutDues, { id, at: 0 }));
    let outcome: "more" | "settled" = "settled";
    const failures: unknown[] = [];
    for await (const { id, at } of store.scan(rolloutDues, { index: "at" })) {
      if (at > clock.now()) break;
      try {
        const next = await repeatOnConflict(() => carryOn(id, context));
        if (next === "more") outcome = "more";
        else await store.commit(next === "over" ? removed(rolloutDues, id) : put(rolloutDues, { id, at: next }));
      } catch (error) {
        // One that cannot go on holds up no other.
        failures.push(new Error(`the rollout ${id} cannot be carried on`, { cause: error }));
      }
    }
    // While there is more to do for others it is not told: whoever fails is waited for longer and longer.
    if (failures.length > 0 && outcome === "settled")
      throw new AggregateError(failures, "some rollouts cannot be carried on");
    return outcome;
  },
});

/** One bounded step of a rollout. Gives whether there is more to do at once, or else when to look again. */
async function carryOn(id: string, context: JobsContext): Promise<"more" | "over" | number> {
  const { store, clock } = context;
  const row = await store.get(rollout, id);
  if (row === undefined || isEnded(row.state)) return "over";
  if ((await absorbEnds(row, context)) > 0) return "more";
  const step = nextStep(row, clock.now());
  const looked = step.do === "go on" ? await goOn(row, step, context) : await act(row, step, context);
  if (looked === "more") return "more";
  const now = await store.get(rollout, id);
  return now === undefined || isEnded(now.state) ? "over" : lookAt(now, step, looked, clock.now());
}

async function goOn(row: Rollout, step: Step, context: JobsContext): Promise<Looked> {
  if ((await sweep(row, context)) === "more") return "more";
  const now = await context.store.get(rollout, row.id);
  return now === undefined ? unknown : beginTargets(now, step, context);
}

/** When the next thing can happen of which nobody tells. */
function lookAt(row: Rollout, step: Step, { until = Infinity }: Exclude<Looked, "more">, now: number): number {
  const { state, mode, spec, createdAt, endsAt, sweep } = row;
  const isOpen = ["running", "paused", "approving"].includes(state);
  return Math.max(
    now + 1,
    Math.min(
      now + AT_THE_LATEST,
      until,
      isOpen ? endsAt : Infinity,
      step.do === "go on" ? (step.until ?? Infinity) : Infinity,
      state === "approving" ? createdAt + (spec.queueTimeout ?? QUEUE_TIMEOUT) * SECOND : Infinity,
      state === "running" && mode === "continuous" ? sweep.at : Infinity,
    ),
  );
}

async function act(row: Rollout, step: Exclude<Step, { do: "go on" }>, context: JobsContext): Promise<Looked> {
  const { store, clock } = context;
  const now = clock.now();
  const newest = (patch: Partial<Rollout["waves"][number]>) =>
    row.waves.map((each, place) => (place === row.opened - 1 ? { ...each, ...patch } : each));
  switch (step.do) {
    case "nothing":
      if (row.state === "planned") await writeTargets(row, context);
      else if (row.state === "stopped" && row.stop?.isCarriedOut === false) await carryOutStop(row, context);
      else if (row.state !== "rollingback" || (await carryUndo(row, context)) === "settled") return unknown;
      return "more";
    case "pass":
      await store.commit(updated(rollout, row, { waves: newest({ passedAt: now }) }));
      return "more";
    case "compare":
      await compareSome(row, context);
      return "more";
    case "open": {
      const waves = row.waves.map((each, place) => (place === row.opened ? { ...each, openedAt: now } : each));
      await store.commit(updated(rollout, row, { waves, opened: row.opened + 1 }));
      return "more";
    }
    case "pause":
      await store.commit(moved(rollout, row, "pause", { pausedBy: step.reason }));
      return unknown;
    case "stop": {
      const stop = { reason: step.reason, detail: step.detail, by: "system", at: now, isCarriedOut: false };
      await store.commit(moved(rollout, row, "stop", { stop, pausedBy: "" }));
      return "more";
    }
    case "undo":
      await beginUndo(row, context);
      return "more";
    case "end": {
      const others = row.undoes === undefined ? [] : [woken(row.undoes.rollout)];
      const forgotten = [forgottenComparison(row), forgottenSecrets(row.id)];
      await store.commit(moved(rollout, row, step.signal), ...forgotten, ...others);
      return unknown;
    }
  }
}
