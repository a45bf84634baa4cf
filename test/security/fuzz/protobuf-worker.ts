import { parentPort, workerData } from "node:worker_threads";
import { chanceOf } from "./chance.ts";
import { protobufInput } from "./protobuf-cases.ts";
import { judging, readers } from "./protobuf-judge.ts";
import { count, emptyAccount } from "./tally.ts";
import type { Slice } from "./protobuf.ts";

/** Throws a slice of the cases; says in shared memory where it is, for whoever watches. */
const { seed, from, to, step, place } = workerData as Slice;
const at = new Float64Array(place);
const byName = new Map(readers.map((reader) => [reader.name, reader]));
const account = emptyAccount();

for (let number = from; number < to; number += step) {
  const { reader, bytes } = protobufInput(number, chanceOf(seed, number));
  at[0] = number;
  at[1] = Date.now();
  const startedAt = performance.now();
  const verdict = judging(() => byName.get(reader)!.read(bytes));
  const taken = performance.now() - startedAt;
  count(account, verdict, { reader, hex: verdict.kind === "finding" ? bytes.toString("hex") : "" }, taken);
}
parentPort?.postMessage(account, []);
