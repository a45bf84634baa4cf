import { SECOND, type Loop } from "@edgemere/protocol/kit";
import { moved, updated, type Change } from "../../platform/change.ts";
import type { DomainEvent } from "../../platform/domain-event.ts";
import { EventPosition } from "../../platform/event-position.ts";
import { repeatOnConflict } from "../../platform/repeat.ts";
import type { Store } from "../../platform/store.ts";
import type { DataOrchestratorContext } from "./context.ts";
import { dataInstance, type DataInstance } from "./contract.ts";
import type { Due } from "./instance-life.ts";
import { dueOf } from "./instances.ts";
import { followed, woken } from "./tables.ts";

// Instances that one commit changes.
const STEP = 100;
/** What tells that a device may show its mounted data no more, or again. */
const OF_PLACES = new Set([
  "datasource.updated",
  "datasource.shutdown",
  "device.online",
  "device.offline",
  "device.retired",
]);

/** Makes instances follow their data: lost with it, stale when it changed, ready when it is back. Those of which nothing changed cost nothing. */
export function followData({ store, clock, log }: DataOrchestratorContext): Loop {
  const position = new EventPosition({ store, table: followed, id: "instances", begin: "at the first event" });
  return {
    name: "follow data",
    every: SECOND,
    onError: (error) => log.error("loop failed", { loop: "follow data", error }),
    step: () =>
      position.follow(async (events, isBlind) => {
        // Of what is no longer known of the past everything may have changed.
        const ids = [...(isBlind ? await everyInstance(store) : await concerned(events, store))];
        for (let i = 0; i < ids.length; i += STEP)
          await repeatOnConflict(async () =>
            store.commit(...(await changesOf(ids.slice(i, i + STEP), store, clock.now()))),
          );
        return ids.length > 0 ? [] : undefined;
      }),
  };
}

async function everyInstance(store: Store): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  for await (const { id } of store.scan(dataInstance)) ids.add(id);
  return ids;
}

/** Instances that events are about, and those that hold or are made of the data that events are about. */
async function concerned(events: readonly DomainEvent[], store: Store): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  const changed = new Set<string>();
  const places = new Set<string>();
  for (const { type, subject } of events) {
    if (type === "datainstance.updated") ids.add(subject);
    if (type === "data.updated") changed.add(subject);
    if (OF_PLACES.has(type)) places.add(subject);
  }
  for (const place of places)
    for await (const { id } of store.scan(dataInstance, { index: "shown", prefix: [place] })) ids.add(id);
  for (const piece of changed)
    for await (const { id } of store.scan(dataInstance, { index: "following", prefix: [piece] })) ids.add(id);
  return ids;
}

async function changesOf(ids: readonly string[], store: Store, now: number): Promise<readonly Change[]> {
  const changes: Change[] = [];
  for (const id of ids) {
    const row = await store.get(dataInstance, id);
    if (row === undefined) continue;
    const change = await dueOf(row, store);
    if (change !== undefined) changes.push(changeOf(row, change, now), ...woken(row.request));
  }
  return changes;
}

function changeOf(row: DataInstance, { signal, cause }: Due, now: number): Change {
  if (signal === undefined) return updated(dataInstance, row, { cause });
  return moved(dataInstance, row, signal, { cause, ...(signal === "lose" && { lostAt: now }) });
}
