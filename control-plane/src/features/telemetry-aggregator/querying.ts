import { HOUR } from "@edgemere/protocol/kit";
import { handle } from "../../platform/action.ts";
import { Problem } from "../../platform/problem.ts";
import type { TelemetryContext } from "./context.ts";
import { knownOfChildren } from "./chained-devices.ts";
import { estimatedCost, refuseTooMuch } from "./cost.ts";
import { selectedDevices } from "./fleet.ts";
import { costOfGroup, ofGroup, summedUpOfGroup } from "./group-query.ts";
import { beginOfWindow, endOfGrid, gridBefore, gridOf, gridOfDays } from "./grid.ts";
import { isPercentile, type Group } from "./grouping.ts";
import { queryTelemetry } from "./query-contract.ts";
import { byChange, byValue, changeOf, compareWords, type Answered } from "./ranking.ts";
import { sourceOf } from "./source.ts";
import { askedOf, summedUp, type Query } from "./summing-up.ts";

const SERIES_AT_MOST = 1_000;
/** Of shorter windows nothing is known of devices of children: who asks for no step in particular wants these in the answer. */
const LEAST_OF_CHILDREN = "1m";

export const queryActions = [
  handle(queryTelemetry, async (query, context: TelemetryContext, caller) => {
    const { changes = false, explain = false, metric, top, order = "descending" } = query;
    const to = query.to ?? context.clock.now();
    const from = query.from ?? to - HOUR;
    if (from > to) throw new Problem("invalid-input", `"from" (${from}) must not be after "to" (${to})`);
    refuseContradictions(query);
    const { zone } = query;
    const devices = await selectedDevices(query, context, { caller, permission: queryTelemetry.permission });
    const least = devices.some(({ child }) => child !== undefined) ? LEAST_OF_CHILDREN : undefined;
    const grid = zone === undefined ? gridOf({ from, to }, query.step, least) : gridOfDays({ from, to }, zone);
    const before = changes ? gridBefore(grid, zone) : grid;
    const source = sourceOf(query.function ?? "mean", changes ? before : grid, {
      now: context.clock.now(),
      windows: context.telemetry.windows,
    });
    const group = await ofGroup(query, grid, devices, context, caller);
    const place = { source, devices, grid, store: context.store };
    const estimate =
      group === undefined
        ? await estimatedCost(
            source,
            context.store,
            devices.map(({ id }) => id),
            { ...askedOf(query, grid), ...(changes && { from: askedOf(query, before).from }) },
          )
        : await costOfGroup(query, group, place, context);
    const head = {
      from: grid.from,
      to: endOfGrid(grid),
      step: grid.name,
      function: query.function ?? "mean",
      source: group === undefined ? source : `group ${group.resolution}`,
      at: Array.from({ length: grid.length }, (_, window) => beginOfWindow(grid, window)),
    };
    if (explain)
      return {
        ...head,
        cost: { ...estimate, isEstimated: true },
        at: [],
        series: [],
        omitted: 0,
        pending: 0,
        leftOut: 0,
        children: await knownOfChildren(devices, context.store),
      };
    refuseTooMuch(estimate, "would read");

    const now =
      group === undefined ? await summedUp(query, place) : await summedUpOfGroup(query, group, place, context);
    const then = changes ? await summedUp(query, { ...place, grid: before }) : undefined;
    const answers = then === undefined ? now.groups.map(answerOf) : compared(now.groups, then.groups, grid.length);
    const ranked = changes
      ? byChange(answers)
      : top === undefined
        ? answers.toSorted(compareWords)
        : byValue(answers, order);
    const series = ranked.slice(0, top ?? SERIES_AT_MOST);
    if (top === undefined && ranked.length > series.length)
      throw new Problem(
        "too-large",
        `the answer has ${ranked.length} groups and at most ${SERIES_AT_MOST} are given; ask for the top ones, group ${metric.length > 1 ? "one metric " : ""}by less, or select fewer devices`,
      );
    const cost = {
      devices: devices.length,
      samples: now.samples + (then?.samples ?? 0),
      bytes: estimate.bytes,
      isEstimated: false,
    };
    return {
      ...head,
      cost,
      series: [...series],
      omitted: ranked.length - series.length,
      pending: now.pending + (then?.pending ?? 0),
      leftOut: now.leftOut,
      children: await knownOfChildren(devices, context.store),
    };
  }),
];

function refuseContradictions({ function: what = "mean", across, changes, order, top, step, zone }: Query): void {
  if (zone !== undefined && step !== undefined && step !== "1d")
    throw new Problem(
      "invalid-input",
      `"zone" does not go with the step ${step}: only days are of a time zone; give 1d`,
    );
  if (isPercentile(what) && across !== undefined)
    throw new Problem("invalid-input", `"across" does not go with ${what}: percentiles are of all samples together`);
  if (changes === true && order !== undefined)
    throw new Problem("invalid-input", `"order" does not go with "changes": what changed most is first`);
  if (order !== undefined && top === undefined)
    throw new Problem("invalid-input", `"order" tells which values "top" takes first; give top as well`);
}

const orNull = (value: number): number | null => (Number.isFinite(value) ? value : null);

const answerOf = ({ by, metric, devices, most, ...group }: Group): Answered => ({
  by,
  metric,
  devices: Math.max(devices.size, most),
  overall: orNull(group.overall()),
  value: Array.from(group.values(), orNull),
});

/** Each group with what it was before; what is gone now is there with nothing. */
function compared(now: readonly Group[], then: readonly Group[], length: number): readonly Answered[] {
  const before = new Map(then.map((group) => [group.key, orNull(group.overall())]));
  const keys = new Set(now.map(({ key }) => key));
  const there = now.map((group) => {
    const [was, answer] = [before.get(group.key) ?? null, answerOf(group)];
    return { ...answer, before: was, change: changeOf(was, answer.overall) };
  });
  const gone = then
    .filter(({ key }) => !keys.has(key))
    .map(({ key, by, metric }): Answered => ({
      by,
      metric,
      devices: 0,
      overall: null,
      before: before.get(key) ?? null,
      change: null,
      value: Array.from({ length }, () => null),
    }));
  return [...there, ...gone];
}
