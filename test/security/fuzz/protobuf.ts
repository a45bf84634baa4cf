import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { Area, Run } from "./area.ts";
import { chanceOf } from "./chance.ts";
import { protobufInput, SYSTEMATIC } from "./protobuf-cases.ts";
import { judging, readers } from "./protobuf-judge.ts";
import { addTo, emptyAccount, finding, type Account } from "./tally.ts";

/** Every `step`th case from one number to another. */
export interface Slice {
  readonly seed: number;
  readonly from: number;
  readonly to: number;
  readonly step: number;
  /** Two numbers: the case under way, and since when. */
  readonly place: SharedArrayBuffer;
}

const RANDOM_INPUTS = 850_000;
/** One input may make a reader neither think this long, nor take this much. */
const PATIENCE = 10_000;
const LOOKED_EVERY = 500;
const HEAP_MIB = 192;

/** Bytes that claim to be messages, at every place that reads them. */
export const protobuf: Area = {
  name: "protobuf",
  run: async ({ seed, times, only }: Run) => {
    const sum = emptyAccount();
    const to = only === undefined ? SYSTEMATIC + Math.round(RANDOM_INPUTS * times) : only + 1;
    const step = Math.max(1, availableParallelism() - 1);
    const slices = only === undefined ? Array.from({ length: step }, (_, i) => i) : [only];
    await Promise.all(slices.map((from) => runSlice({ seed, from, to, step }, sum)));
    return sum;
  },
  replay: async (inputs) =>
    inputs.map((input) => {
      const { reader, hex } = input as { readonly reader: string; readonly hex: string };
      const found = readers.find(({ name }) => name === reader);
      if (found === undefined) return finding(`there is no reader "${reader}"`);
      return judging(() => found.read(Buffer.from(hex, "hex")));
    }),
};

/** Goes on behind an input that ended or hung its thread, and tells of it. */
async function runSlice(slice: Omit<Slice, "place">, sum: Account): Promise<void> {
  for (let { from } = slice; from < slice.to;) {
    const place = new SharedArrayBuffer(2 * Float64Array.BYTES_PER_ELEMENT);
    const { part, failure = "" } = await inThread({ ...slice, from, place });
    if (part !== undefined) return addTo(sum, part);
    const number = new Float64Array(place)[0] ?? from;
    const { reader, bytes } = protobufInput(number, chanceOf(slice.seed, number));
    addTo(sum, {
      ...emptyAccount(),
      inputs: 1,
      findings: [{ what: `${failure} (case ${number})`, input: { reader, hex: bytes.toString("hex") } }],
    });
    from = number + slice.step;
  }
}

function inThread(workerData: Slice): Promise<{ readonly part?: Account; readonly failure?: string }> {
  const worker = new Worker(new URL("./protobuf-worker.js", import.meta.url), {
    workerData,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB, maxYoungGenerationSizeMb: 32 },
  });
  const at = new Float64Array(workerData.place);
  return new Promise((resolve) => {
    const watch = setInterval(() => {
      if ((at[1] ?? 0) > 0 && Date.now() - (at[1] ?? 0) > PATIENCE) end({ failure: `took over ${PATIENCE} ms` });
    }, LOOKED_EVERY);
    const end = (outcome: { readonly part?: Account; readonly failure?: string }) => {
      clearInterval(watch);
      resolve(outcome);
      void worker.terminate();
    };
    worker.once("message", (part: Account) => end({ part }));
    worker.once("error", (error) => end({ failure: `ended the thread: ${error.message}` }));
  });
}
