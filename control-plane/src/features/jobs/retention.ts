import { DAY, HOUR, type Loop } from "@edgemere/protocol/kit";
import { destroyed, putBytes } from "../../platform/change.ts";
import { unlessMoved } from "../../platform/repeat.ts";
import { rangeOf } from "../../platform/keys.ts";
import type { Store } from "../../platform/store.ts";
import { command, job, type Command, type Job } from "./contract.ts";
import type { JobsContext } from "./context.ts";
import { commandsOf } from "./ending.ts";

const KEPT_FOR = 90 * DAY;
// Pieces of output that one commit removes.
const PIECES = 500;

/** Forgets jobs that ended long ago, with their commands and what those wrote. */
export const forgetOldJobs = ({ store, clock, log, retention }: JobsContext): Loop => ({
  name: "forget old jobs",
  every: HOUR,
  onError: (error) => log.error("loop failed", { loop: "forget old jobs", error }),
  step: async () => {
    const before = clock.now() - (retention?.jobs ?? KEPT_FOR);
    for await (const row of store.scan(job, { index: "over" })) {
      if (row.updatedAt >= before) return "settled";
      await forget(store, row).catch(unlessMoved);
    }
    return "settled";
  },
});

/** First the output, piece by piece: when it is cut short the job is still there, and found again. */
async function forget(store: Store, row: Job): Promise<void> {
  const commands = await commandsOf(store, row.id);
  for (const each of commands) await forgetOutput(store, each);
  await store.commit(...commands.map((each) => destroyed(command, each)), destroyed(job, row));
}

async function forgetOutput(store: Store, { id }: Command): Promise<void> {
  for (;;) {
    const keys: string[] = [];
    for await (const [key] of store.bytesBetween({ ...rangeOf("output", id), limit: PIECES })) keys.push(key);
    if (keys.length === 0) return;
    await store.commit(...keys.map((key) => putBytes(key, undefined)));
  }
}
