import { DAY, HOUR, SECOND, type Loop } from "@edgemere/protocol/kit";
import { askItself } from "../../platform/dispatch.ts";
import { destroyed, putBytes } from "../../platform/change.ts";
import { unlessMoved } from "../../platform/repeat.ts";
import type { Store } from "../../platform/store.ts";
import { cancelJob, command, job } from "../jobs/contract.ts";
import { recording } from "./contract.ts";
import type { TerminalsContext } from "./context.ts";
import { wordsOf } from "./gateway.ts";
import type { TerminalPlace } from "./place.ts";
import { cutOff, linesOf } from "./recorder.ts";

const KEPT_FOR = 90 * DAY;
// Chunks that one commit removes.
const CHUNKS = 500;

/** Ends terminals that nobody looks at, and those whose command has ended; after a start, what is left of those before. */
export function lookAfterTerminals(context: TerminalsContext): Loop {
  const { log, terminals } = context;
  let isFirst = true;
  return {
    name: "look after terminals",
    every: SECOND,
    onError: (error) => log.error("loop failed", { loop: "look after terminals", error }),
    step: async () => {
      if (isFirst) await endForgotten(context);
      isFirst = false;
      for (const place of terminals.places) await lookAt(place, context);
      return "settled";
    },
  };
}

async function lookAt(place: TerminalPlace, context: TerminalsContext): Promise<void> {
  const { store } = context;
  const row = await store.get(job, place.job);
  if (row === undefined || job.life.isFinal(row.state)) {
    const [end] = (await store.list(command, { index: "job", prefix: [place.job], limit: 1 })).items;
    const words = row?.decision?.reason ?? "";
    const detail = end === undefined ? [row?.state ?? "forgotten", words].filter(Boolean).join(", ") : wordsOf(end);
    const exitCode = end?.result?.["exitCode"];
    const isFine = end?.state === "succeeded";
    return place.end({
      reason: isFine ? "" : end?.reason || (row?.state ?? "forgotten"),
      detail,
      ...(typeof exitCode === "number" && { exitCode }),
    });
  }
  if (!place.isForsaken) return;
  place.hangUp();
  await cancel(place.job, context);
}

/** What nobody has the key of any more cannot be gone on with. */
async function endForgotten(context: TerminalsContext): Promise<void> {
  const { store, terminals } = context;
  for await (const row of store.scan(recording, { index: "open" }))
    if (!terminals.has(row.id)) await cutOff(row, context).catch(unlessMoved);
  for await (const row of store.scan(command, { index: "unfinished" }))
    if (row.kind === "terminal.open" && !row.cancelRequested && !terminals.has(row.id)) await cancel(row.job, context);
}

async function cancel(id: string, context: TerminalsContext): Promise<void> {
  const row = await context.store.get(job, id);
  if (row === undefined || job.life.isFinal(row.state)) return;
  await askItself(cancelJob, { job: id }, context);
}

/** Forgets recordings of terminals that ended long ago. */
export const forgetOldRecordings = ({ store, clock, log, retention }: TerminalsContext): Loop => ({
  name: "forget old recordings",
  every: HOUR,
  onError: (error) => log.error("loop failed", { loop: "forget old recordings", error }),
  step: async () => {
    const before = clock.now() - (retention?.recordings ?? KEPT_FOR);
    for await (const row of store.scan(recording, { index: "over" })) {
      if ((row.endedAt ?? Infinity) >= before) return "settled";
      await forgetLines(store, row.id);
      await store.commit(destroyed(recording, row)).catch(unlessMoved);
    }
    return "settled";
  },
});

/** First its lines: when that is cut short the row is still there, and found again. */
async function forgetLines(store: Store, id: string): Promise<void> {
  for (;;) {
    const keys: string[] = [];
    for await (const [key] of store.bytesBetween({ ...linesOf(id), limit: CHUNKS })) keys.push(key);
    if (keys.length === 0) return;
    await store.commit(...keys.map((key) => putBytes(key, undefined)));
  }
}
