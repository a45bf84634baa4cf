import { v1, type StreamName } from "@edgemere/protocol";
import { HOUR, type Clock, type Log, type Loop } from "@edgemere/protocol/kit";
import { put, removed, type Change } from "../platform/change.ts";
import type { SetAsideRecord } from "../platform/device-link.ts";
import { table } from "../platform/resource.ts";
import type { Store } from "../platform/store.ts";
import type { Incoming } from "./arrival.ts";

/** Of each stream of a device so many are kept, in places that are used in turn, and so much of each. */
const PLACES = 8;
const BYTES_KEPT = 16 * 1024;
// A commit stays small, however long the loop was away.
const STEP = 100;

const setAsideRecords = table<SetAsideRecord & { readonly id: string; readonly device: string }>("setasiderecord", {
  device: ({ device, stream, sequence }) => [[device, stream, sequence]],
  at: ({ at, id }) => [[at, id]],
});

/** Keeps what a feature failed on, for whoever mends the feature. */
export function setAside(
  about: { readonly device: string; readonly stream: StreamName; readonly at: number; readonly error: string },
  { record, first: sequence }: Incoming,
): Change {
  const bytes = v1.Record.encode(record).finish();
  const content = Buffer.from(bytes.subarray(0, BYTES_KEPT)).toString("base64");
  const id = `${about.device}/${about.stream}/${sequence % PLACES}`;
  return put(setAsideRecords, { ...about, id, sequence, bytes: bytes.length, content });
}

/** Newest last. */
export async function setAsideOf(store: Store, device: string): Promise<readonly SetAsideRecord[]> {
  const { items } = await store.list(setAsideRecords, { index: "device", prefix: [device] });
  return items.map(({ stream, sequence, at, error, bytes, content }) => ({
    stream,
    sequence,
    at,
    error,
    bytes,
    content,
  }));
}

export const forgetSetAside = (parts: {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** Milliseconds. */
  readonly keepFor: number;
}): Loop => ({
  name: "forget records that were set aside",
  every: HOUR,
  onError: (error) => parts.log.error("loop failed", { loop: "forget records that were set aside", error }),
  step: async () => {
    const { items } = await parts.store.list(setAsideRecords, { index: "at", limit: STEP });
    const old = items.filter(({ at }) => at < parts.clock.now() - parts.keepFor);
    await parts.store.commit(...old.map(({ id }) => removed(setAsideRecords, id)));
    return old.length === STEP ? "more" : "settled";
  },
});
