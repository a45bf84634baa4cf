import { DAY, HOUR, SECOND, type Loop } from "@edgemere/protocol/kit";
import { destroyed, moved, removed, type Change } from "../../platform/change.ts";
import type { PlatformContext } from "../../platform/context.ts";
import { repeatOnConflict } from "../../platform/repeat.ts";
import { device } from "../devices/contract.ts";
import { data, dataSource } from "./contract.ts";
import { histories, noted } from "./history-contract.ts";
import { dueSignal, isReachable } from "./reach.ts";
import { objectErrands, reportedNames, reportProgress, unsettledSources, type UnsettledSource } from "./tables.ts";

// Rows that one commit changes: a directory of any size is settled in steps.
const STEP = 250;
const REMOVED_KEPT_FOR = 30 * DAY;

/** Makes the data of a source follow the source, its device and its last whole report. */
export const settleSources = (context: PlatformContext): Loop => ({
  name: "settle data sources",
  every: SECOND,
  onError: (error) => context.log.error("loop failed", { loop: "settle data sources", error }),
  step: async () => {
    const { items } = await context.store.list(unsettledSources, { limit: 1 });
    const [next] = items;
    if (next === undefined) return "settled";
    await repeatOnConflict(() => settle(next, context));
    return "more";
  },
});

/** Repeats safely: what a crash left undone is found again, and the mark goes last. */
async function settle(mark: UnsettledSource, { store, clock }: PlatformContext): Promise<void> {
  const source = await store.get(dataSource, mark.source);
  const holder = source && (await store.get(device, source.device));
  const names = mark.report === undefined ? undefined : await namesIn(mark.source, mark.report, store);
  let changes: Change[] = [];
  for await (const row of store.scan(data, { index: "source", prefix: [mark.source] })) {
    const signal = dueSignal(row, {
      isReachable: source !== undefined && isReachable(source, holder),
      isNamed: names?.has(row.name),
    });
    if (signal !== undefined) {
      const what = ({ lose: "lost", recover: "back", remove: "removed" } as const)[signal];
      changes.push(moved(data, row, signal), await noted(row.id, { at: clock.now(), what }, store));
    }
    if (changes.length < STEP) continue;
    await store.commit(...changes);
    changes = [];
  }
  await store.commit(...changes, removed(unsettledSources, mark.id));
}

/** Undefined when a newer report has begun: then its end will tell. */
async function namesIn(source: string, report: string, store: PlatformContext["store"]) {
  if ((await store.get(reportProgress, source))?.report !== report) return undefined;
  const names = new Set<string>();
  for await (const each of store.scan(reportedNames, { index: "source", prefix: [source] }))
    if (each.report === report) for (const name of each.names) names.add(name);
  return names;
}

/** Forgets data that was removed long ago. */
export const forgetRemovedData = ({ store, clock, log }: PlatformContext): Loop => ({
  name: "forget removed data",
  every: HOUR,
  onError: (error) => log.error("loop failed", { loop: "forget removed data", error }),
  step: async () => {
    await forgetFailedErrands(store, clock.now());
    const before = clock.now() - REMOVED_KEPT_FOR;
    const { items } = await store.list(data, { index: "removed", limit: STEP });
    const old = items.filter(({ updatedAt }) => updatedAt < before);
    if (old.length === 0) return "settled";
    await store.commit(...old.flatMap((row) => [destroyed(data, row), removed(histories, row.id)]));
    return "more";
  },
});

/** What failed and nobody asks about any more. */
async function forgetFailedErrands(store: PlatformContext["store"], now: number): Promise<void> {
  const { items } = await store.list(objectErrands, { index: "failed", limit: STEP });
  const old = items.filter(({ at }) => at < now - DAY);
  if (old.length > 0) await store.commit(...old.map(({ id }) => removed(objectErrands, id)));
}
