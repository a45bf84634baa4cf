import { limits } from "@edgemere/protocol";
import type { Handler, Snapshotted } from "./handler.ts";

/** Takes a snapshot of a database now, beside those of its timetable. */
export const dataSnapshot: Handler<"data.snapshot"> = {
  check: ({ source }) =>
    source === "" || source.length > limits.nameLength ? "source: must name a data source of this device" : undefined,
  run: async ({ source }, { data, signal }) => {
    if (data.find(source) === undefined)
      return { reason: "not-found", detail: `there is no data source "${source}" here` };
    const taking = data.snapshot(source);
    if (taking === undefined)
      return {
        reason: "not-permitted",
        detail: `the data source "${source}" is filled by no database; source-database here would say by which`,
      };
    // Who asked may wait no longer; it is taken all the same.
    const taken = await Promise.race([taking, stopped(signal)]);
    if ("failure" in taken) return { reason: "failed", detail: taken.failure };
    return { result: { path: taken.name, bytes: taken.bytes, hasChanged: !taken.isKnown } };
  },
};

const stopped = (signal: AbortSignal): Promise<Snapshotted> =>
  new Promise((resolve) => {
    const stop = () => resolve({ failure: "nobody waits for it any more; the snapshot is still taken" });
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
  });
