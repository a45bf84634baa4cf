import { IndexChecksum } from "@edgemere/protocol";
import { moved, put, removed, type Change } from "../../platform/change.ts";
import type { PlatformContext } from "../../platform/context.ts";
import { device } from "../devices/contract.ts";
import { data, dataSource } from "./contract.ts";
import { noted } from "./history-contract.ts";
import { isListed, wanted } from "./index-following.ts";
import { dueSignal, isReachable } from "./reach.ts";
import { isSameStand } from "./report.ts";
import { reportedNames, reportProgress, unsettledSources, wantedIndexes } from "./tables.ts";
import type { ReportedNames, ReportProgress, UnsettledSource } from "./tables.ts";

// Rows that one commit changes: a directory of any size is settled in steps.
const STEP = 250;

/** Repeats safely: what a crash left undone is found again, and the mark goes last. */
export async function settle(mark: UnsettledSource, context: PlatformContext): Promise<void> {
  const { store, clock, log } = context;
  const source = await store.get(dataSource, mark.source);
  const holder = source && (await store.get(device, source.device));
  const progress = await store.get(reportProgress, mark.source);
  const told = mark.report === progress?.report && !progress?.isSettled ? progress : undefined;
  const rows = told && (await rowsOf(told, store));
  const names = rows && namesIn(rows);
  const checksum = new IndexChecksum();
  let files = 0;
  let changes: Change[] = [];
  for await (const row of store.scan(data, { index: "source", prefix: [mark.source] })) {
    const signal = dueSignal(row, {
      isReachable: source !== undefined && isReachable(source, holder),
      isNamed: names?.has(row.name),
    });
    if (names !== undefined && signal !== "remove" && (isListed(row) || signal === "recover")) {
      checksum.toggle(row);
      files += 1;
    }
    if (signal !== undefined) {
      const what = ({ lose: "lost", recover: "back", remove: "removed" } as const)[signal];
      changes.push(moved(data, row, signal), await noted(row.id, { at: clock.now(), what }, store));
    }
    if (changes.length < STEP) continue;
    await store.commit(...changes);
    changes = [];
  }
  if (told === undefined) return store.commit(...changes, removed(unsettledSources, mark.id));
  await store.commit(...changes);
  // What changed while it was gone through may have been missed: once more, then.
  const now = await store.get(reportProgress, mark.source);
  if (now?.report === told.report && now.stand?.number !== told.stand?.number) return;
  const fits = told.stand === undefined || checksum.bytes.toString("hex") === told.stand.checksum;
  if (!fits) log.warn("what a device told of a data source does not add up", { source: mark.source });
  const { stand: _, ...rest } = told;
  await store.commit(
    removed(unsettledSources, mark.id),
    ...(now?.report === told.report ? [put(reportProgress, { ...(fits ? told : rest), files, isSettled: true })] : []),
    ...(rows ?? []).map(({ id }) => removed(reportedNames, id)),
    ...(fits && isSameStand(told.stand, now?.stand) ? [removed(wantedIndexes, mark.source)] : []),
    ...(fits ? [] : await wanted(mark.source, context)),
  );
}

async function rowsOf({ id, report }: ReportProgress, store: PlatformContext["store"]): Promise<ReportedNames[]> {
  const rows: ReportedNames[] = [];
  for await (const each of store.scan(reportedNames, { index: "source", prefix: [id] }))
    if (each.report === report) rows.push(each);
  return rows.toSorted((a, b) => (a.index ?? 0) - (b.index ?? 0));
}

/** What a whole report named, with what changed since. */
function namesIn(rows: readonly ReportedNames[]): ReadonlySet<string> {
  const all = new Set<string>();
  for (const { names, gone = [] } of rows) {
    for (const name of gone) all.delete(name);
    for (const name of names) all.add(name);
  }
  return all;
}
