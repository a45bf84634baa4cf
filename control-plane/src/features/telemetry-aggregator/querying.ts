import { HOUR } from "@edgemere/protocol/kit";
import { handle } from "../../platform/action.ts";
import { Problem } from "../../platform/problem.ts";
import type { TelemetryContext } from "./context.ts";
import { estimatedCost, refuseTooMuch } from "./cost.ts";
import { selectedDevices } from "./fleet.ts";
import { endOfGrid, gridOf } from "./grid.ts";
import { isPercentile, type Group } from "./grouping.ts";
import { queryTelemetry } from "./query-contract.ts";
import { byChange, byValue, changeOf, compareWords, type Answered } from "./ranking.ts";
import { sourceOf } from "./source.ts";
import { askedOf, summedUp, type Query } from "./summing-up.ts";

const SERIES_AT_MOST = 1_000;

export const queryActions = [
  handle(queryTelemetry, async (query, context: TelemetryContext, caller) => {
    const { changes = false, explain = false, metric, top, order = "descending" } = query;
    const to = query.to ?? context.clock.now();
    const from = query.from ?? to - HOUR;
    if (from > to) throw new Problem("invalid-input", `"from" (${from}) must not be after "to" (${to})`);
    refuseContradictions(query);
    const grid = gridOf({ from, to }, query.step);
    const before = { ...grid, from: grid.from - grid.step * grid.length };
    const devices = await selectedDevices(query, context, { caller, permission: queryTelemetry.permission });
    const source = sourceOf(query.function ?? "mean", changes ? before : grid, {
      now: context.clock.now(),
      windows: context.telemetry.windows,
    });
    const estimate = await estimatedCost(
      source,
      context.store,
      devices.map(({ id }) => id),
      { ...askedOf(query, grid), ...(changes && { from: askedOf(query, before).from }) },
    );
    const head = {
      from: grid.from,
      to: endOfGrid(grid),
      step: grid.name,
      function: query.function ?? "mean",
      source,
      at: Array.from({ length: grid.length }, (_, window) => grid.from + window * grid.step),
    };
    if (explain)
      return { ...head, cost: { ...estimate, isEstimated: true }, at: [], series: [], omitted: 0, pending: 0 };
    refuseTooMuch(estimate, "would read");

    const place = { source, devices, store: context.store };
    const now = await summedUp(query, { ...place, grid });
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
    };
  }),
];

function refuseContradictions({ function: what = "mean", across, changes, order, top }: Query): void {
  if (isPercentile(what) && across !== undefined)
    throw new Problem("invalid-input", `"across" does not go with ${what}: percentiles are of all samples together`);
  if (changes === true && order !== undefined)
    throw new Problem("invalid-input", `"order" does not go with "changes": what changed most is first`);
  if (order !== undefined && top === undefined)
    throw new Problem("invalid-input", `"order" tells which values "top" takes first; give top as well`);
}

const orNull = (value: number): number | null => (Number.isFinite(value) ? value : null);

const answerOf = ({ by, metric, devices, ...group }: Group): Answered => ({
  by,
  metric,
  devices: devices.size,
  overall: orNull(group.overall()),
  value: Array.from(group.values(), orNull),
});

/** Each group with what it was before; what is gone now is there with nothing. */
function compared(now: readonly Group[], then: readonly Group[], length: number): readonly Answered[] {
  const keyOf = ({ metric, by }: Pick<Group, "metric" | "by">) => JSON.stringify([metric, ...Object.values(by)]);
  const before = new Map(then.map((each) => [keyOf(each), orNull(each.overall())]));
  const there = now.map(answerOf);
  const keys = new Set(there.map(keyOf));
  const gone = then
    .filter((each) => !keys.has(keyOf(each)))
    .map(({ by, metric }): Answered => ({
      by,
      metric,
      devices: 0,
      overall: null,
      value: Array.from({ length }, () => null),
    }));
  return [...there, ...gone].map((answer) => {
    const was = before.get(keyOf(answer)) ?? null;
    return { ...answer, before: was, change: changeOf(was, answer.overall) };
  });
}
