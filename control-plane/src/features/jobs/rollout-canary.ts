import { SECOND } from "@edgemere/protocol/kit";
import type { InputOf } from "../../platform/action.ts";
import { askItself } from "../../platform/dispatch.ts";
import { put, removed, updated, type Change } from "../../platform/change.ts";
import { Problem } from "../../platform/problem.ts";
import { table } from "../../platform/resource.ts";
import { device } from "../devices/contract.ts";
import { queryTelemetry } from "../telemetry-aggregator/contract.ts";
import { changeOf, judged, measuresOf, type Sample } from "./canary.ts";
import { rollout, rolloutTarget, type Rollout, type RolloutTarget } from "./contract.ts";
import type { JobsContext } from "./context.ts";
import { isInTrouble } from "./trouble.ts";
import { inTurn } from "./rollout-waves.ts";
import type { CanarySpec } from "./rollout-spec-contract.ts";

/** Devices that are read of each side, and in one turn of both. */
const SAMPLED = 400;
const READ_AT_ONCE = 25;
const SPAN = 1_800;

/** What was read for a comparison so far, and whom it is still to be read of. By the rollout. */
interface Gathering {
  readonly id: string;
  readonly wave: number;
  readonly look: number;
  readonly times: Times;
  readonly left: readonly Side[];
  readonly treated: readonly Sample[];
  readonly control: readonly Sample[];
}

interface Side {
  readonly device: string;
  readonly stratum: string;
  readonly isTreated: boolean;
  /** Alerts that began before do not count. */
  readonly since: number;
}

const gatherings = table<Gathering>("canarygathering");

/** What a rollout that ends leaves of a comparison that came to no end. */
export const forgottenComparison = ({ id }: Pick<Rollout, "id">): Change => removed(gatherings, id);

/**
 * Compares the newest wave's devices that succeeded with such as have not begun, over the same times: before the wave and after
 * it had passed. Of both sides a sample is read that has of each stratum its share; a few devices a turn, since hundreds would hold up
 * every other rollout.
 */
export async function compareSome(row: Rollout, context: JobsContext): Promise<void> {
  const { store, clock } = context;
  const { canary } = row.spec;
  const newest = row.waves[row.opened - 1];
  if (canary === undefined || newest === undefined) throw new Error("a wave is compared that has not passed");
  const look = (newest.canary?.look ?? 0) + 1;
  const found = await store.get(gatherings, row.id);
  const isOfThis = found?.wave === row.opened - 1 && found.look === look;
  const before = isOfThis ? found : await begun(row, look, canary, context);
  const samples: { readonly isTreated: boolean; readonly sample: Sample }[] = [];
  for (const side of before.left.slice(0, READ_AT_ONCE))
    for (const measure of measuresOf(canary)) {
      const { device, stratum, isTreated } = side;
      const change =
        measure === "metric" ? await changeIn(device, before.times, canary, context) : await troubleOf(side, context);
      if (change !== undefined) samples.push({ isTreated, sample: { measure, stratum, change } });
    }
  const of = (wanted: boolean) => samples.filter(({ isTreated }) => isTreated === wanted).map(({ sample }) => sample);
  const treated = [...before.treated, ...of(true)];
  const control = [...before.control, ...of(false)];
  const left = before.left.slice(READ_AT_ONCE);
  if (left.length > 0) return store.commit(put(gatherings, { ...before, left, treated, control }));
  const verdict = judged({ treated, control, look, now: clock.now(), waves: row.waves.length - 1 }, canary);
  const waves = row.waves.map((each, wave) => (wave === before.wave ? { ...each, canary: verdict } : each));
  await store.commit(updated(rollout, row, { waves }), forgottenComparison(row));
}

/** Whom to read, and the times of which: they stay the same for all, however long the reading takes. */
async function begun(row: Rollout, look: number, canary: CanarySpec, context: JobsContext): Promise<Gathering> {
  const wave = row.opened - 1;
  const { openedAt, passedAt } = row.waves[wave] ?? {};
  if (openedAt === undefined || passedAt === undefined) throw new Error("a wave is compared that has not passed");
  const now = context.clock.now();
  const span = (canary.span ?? SPAN) * SECOND;
  const times = { before: { from: openedAt - span, to: openedAt }, after: { from: now - span, to: now } };
  const later = [...row.waves.keys()].slice(row.opened);
  const treated = await sampled(row, { waves: [wave], state: "succeeded" }, context);
  const control = await sampled(row, { waves: later, state: "queued" }, context);
  const sideOf = (targets: readonly RolloutTarget[], isTreated: boolean) =>
    targets.map(({ device, stratum, beganAt = openedAt }) => ({ device, stratum, isTreated, since: beganAt }));
  const left = [...sideOf(treated, true), ...sideOf(control, false)];
  return { id: row.id, wave, look, times, left, treated: [], control: [] };
}

/** 100 where something is wrong with a device that was not when it began, else 0; undefined where it is no more. */
async function troubleOf({ device: id, since }: Side, context: JobsContext): Promise<number | undefined> {
  const row = await context.store.get(device, id);
  if (row === undefined || row.state === "retired") return undefined;
  const isTroubled = isInTrouble(row, since) || ((await context.alertsOf?.(row, since, context)) ?? []).length > 0;
  return isTroubled ? 100 : 0;
}

/** Devices of some waves in one state: all of them, or a part that has of each stratum its share. */
async function sampled(
  { id }: Rollout,
  { waves, state }: { readonly waves: readonly number[]; readonly state: RolloutTarget["state"] },
  { store }: JobsContext,
): Promise<readonly RolloutTarget[]> {
  // Ids come by chance, so the first of a wave are as good as any; more than are read, so that small strata have their share.
  const found: RolloutTarget[] = [];
  for (const wave of waves)
    for await (const each of store.scan(rolloutTarget, { index: "wave", prefix: [id, wave, state] })) {
      if (found.length >= SAMPLED * 4) break;
      found.push(each);
    }
  return inTurn(found.map((each) => ({ ...each, draw: each.device }))).slice(0, SAMPLED);
}

interface Times {
  readonly before: { readonly from: number; readonly to: number };
  readonly after: { readonly from: number; readonly to: number };
}

async function changeIn(device: string, { before, after }: Times, canary: CanarySpec, context: JobsContext) {
  const [was, is] = [await meanOf(device, before, canary, context), await meanOf(device, after, canary, context)];
  return was === undefined || is === undefined ? undefined : changeOf(was, is, canary);
}

/** The mean of a device's metric; undefined where nothing was recorded, which is never zero. */
async function meanOf(
  device: string,
  range: Times["before"],
  { metric }: CanarySpec,
  context: JobsContext,
): Promise<number | undefined> {
  if (metric === undefined) return undefined;
  const asked: InputOf<typeof queryTelemetry> = { metric: [metric], device, step: "1m", function: "mean", ...range };
  try {
    const { series } = await askItself(queryTelemetry, asked, context);
    return series[0]?.overall ?? undefined;
  } catch (error) {
    // A device that was retired meanwhile has no mean.
    if (error instanceof Problem && error.type === "not-found") return undefined;
    throw error;
  }
}
