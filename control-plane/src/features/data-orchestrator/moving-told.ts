import { updated } from "../../platform/change.ts";
import type { DomainEvent } from "../../platform/domain-event.ts";
import { EventPosition } from "../../platform/event-position.ts";
import { Problem } from "../../platform/problem.ts";
import { repeatOnConflict } from "../../platform/repeat.ts";
import type { Store } from "../../platform/store.ts";
import type { DataOrchestratorContext } from "./context.ts";
import { dataInstance } from "./contract.ts";
import { bring } from "./moving.ts";
import { followed } from "./tables.ts";

/** Takes those a step further that wait for what was told of now: the end of a job, or data at their place. */
export function bringingTold(context: DataOrchestratorContext): () => Promise<void> {
  const { store } = context;
  const position = new EventPosition({ store, table: followed, id: "moving", begin: "at the first event" });
  const hear = async (events: readonly DomainEvent[], isBlind: boolean) => {
    const ids = isBlind ? await everyWaiting(store) : await waitingFor(events, store);
    for (const id of ids) await bringOne(id, context);
    return ids.size > 0 ? [] : undefined;
  };
  return async () => {
    while ((await position.follow(hear)) === "more");
  };
}

async function everyWaiting(store: Store): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  for await (const { id } of store.scan(dataInstance, { index: "errand" })) ids.add(id);
  return ids;
}

async function waitingFor(events: readonly DomainEvent[], store: Store): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  for (const { type, subject, data: of } of events) {
    const isJob = type === "job.updated" || type === "job.destroy";
    const isData = type === "data.create" || type === "data.updated";
    const isGone = type === "datasource.shutdown" || type === "datasource.destroy";
    const place = isJob
      ? { index: "errand", prefix: [subject] }
      : isData
        ? { index: "wanted", prefix: [String(of["hash"])] }
        : { index: "place", prefix: [subject] };
    if (!isJob && !isData && !isGone) continue;
    for await (const { id, source, state, job } of store.scan(dataInstance, place))
      if (state === "placing" && job !== undefined && (!isData || source === of["source"])) ids.add(id);
  }
  return ids;
}

/** One that cannot go on now is due. */
async function bringOne(id: string, context: DataOrchestratorContext): Promise<void> {
  const { store, clock } = context;
  try {
    const row = await store.get(dataInstance, id);
    if (row?.state === "placing") await bring(row, context);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    await repeatOnConflict(async () => {
      const row = await store.get(dataInstance, id);
      if (row?.state === "placing") await store.commit(updated(dataInstance, row, { nextTryAt: clock.now() }));
    });
  }
}
