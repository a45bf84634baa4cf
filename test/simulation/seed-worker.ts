import { parentPort } from "node:worker_threads";
import { plantedBugs } from "./planted-bugs.ts";
import { runSeed, SeedFailed } from "./run-seed.ts";
import type { Answer, Asked } from "./seeds.ts";

/** Runs the seeds it is asked for, one after another. */
parentPort?.on("message", ({ seed, bug }: Asked) => {
  void answerTo(seed, bug).then((answer) => parentPort?.postMessage(answer, []));
});

async function answerTo(seed: number, bug: Asked["bug"]): Promise<Answer> {
  try {
    return { seed, run: await runSeed(seed, bug && plantedBugs[bug]) };
  } catch (error) {
    if (error instanceof SeedFailed) return { seed, violation: error.violation, account: error.message };
    return { seed, violation: "the simulation failed", account: error instanceof Error ? (error.stack ?? "") : "" };
  }
}
