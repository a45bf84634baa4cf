import { HOUR, MINUTE, SECOND, type Loop } from "@edgemere/protocol/kit";
import { itself } from "../../platform/caller.ts";
import { put, removed } from "../../platform/change.ts";
import type { PlatformContext } from "../../platform/context.ts";
import { ask } from "../../platform/dispatch.ts";
import { Problem } from "../../platform/problem.ts";
import { createJob } from "../jobs/contract.ts";
import { dataSource } from "./contract.ts";
import { wantedIndexes, type WantedIndex } from "./tables.ts";

const STEP = 250;
/** A whole index is long on a thin line: asked again so soon and so late. */
const SOONEST = 5 * MINUTE;
const LATEST = 6 * HOUR;

/** Asks devices for all that they have in a source, where what they told does not fit to what is known. */
export const askForIndexes = (context: PlatformContext): Loop => ({
  name: "ask for whole indexes",
  every: SECOND,
  onError: (error) => context.log.error("loop failed", { loop: "ask for whole indexes", error }),
  step: async () => {
    const { items } = await context.store.list(wantedIndexes, { index: "due", limit: STEP });
    for (const row of items.filter(({ nextTryAt }) => nextTryAt <= context.clock.now())) await askFor(row, context);
    return "settled";
  },
});

async function askFor(row: WantedIndex, context: PlatformContext): Promise<void> {
  const { store, clock, log } = context;
  const source = await store.get(dataSource, row.id);
  if (source === undefined || source.state === "shutdown") return store.commit(removed(wantedIndexes, row.id));
  const tries = row.tries + 1;
  const pause = Math.min(LATEST, SOONEST * 2 ** Math.min(row.tries, 10));
  const caller = {
    ...itself([createJob.permission, "command:data.report"], context),
    idempotencyKey: `index-${row.id}-${row.tries}-${row.nextTryAt}`,
  };
  const asking = { device: source.device, kind: "data.report" as const, arguments: { source: source.name } };
  try {
    await ask(createJob, { ...asking, queueTimeout: pause / SECOND }, caller, context);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    log.info("a device is not asked for its index", { source: row.id, cause: error.message });
  }
  await store.commit(put(wantedIndexes, { ...row, tries, nextTryAt: clock.now() + pause }));
}
