import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import type { PlantedBug } from "./planted-bugs.ts";
import type { Run } from "./run-seed.ts";

/** Every seed that ever failed: they are run first, for ever. */
const kept = join(import.meta.dirname, "../../seeds.json");
const workerFile = new URL("./seed-worker.js", import.meta.url);

/** What a worker is asked, and what it answers. */
export interface Asked {
  readonly seed: number;
  readonly bug?: PlantedBug;
}
export type Answer =
  | { readonly seed: number; readonly run: Run }
  | { readonly seed: number; readonly violation: string; readonly account: string };

/** The seeds to run: the one of EDGEMERE_SEED, or the kept ones and `count` from `from` on. */
export function seedsToRun({ from, count }: { readonly from: number; readonly count: number }): readonly number[] {
  const asked = process.env["EDGEMERE_SEED"];
  if (asked !== undefined) return [Number(asked)];
  const failedOnce = JSON.parse(readFileSync(kept, "utf8")) as readonly number[];
  return [...failedOnce, ...Array.from({ length: count }, (_, i) => from + i)];
}

/**
 * Runs seeds in as many threads as there are cores, and gives the answers as they come until nobody wants more. Threads
 * also because the test runner follows every promise of its own, which takes longer than the worlds themselves.
 */
export async function* runSeeds(
  seeds: readonly number[],
  { bug, threads = availableParallelism() }: { readonly bug?: PlantedBug; readonly threads?: number } = {},
): AsyncGenerator<Answer> {
  const workers = Array.from({ length: Math.min(threads, seeds.length) }, () => new SeedWorker());
  const asks = seeds.map((seed) => ({ seed, ...(bug && { bug }) }));
  try {
    const busy = new Map(workers.map((worker) => [worker, worker.ask(asks.shift())]));
    while (busy.size > 0) {
      const { worker, answer } = await Promise.race(busy.values());
      if (answer === undefined) busy.delete(worker);
      else {
        busy.set(worker, worker.ask(asks.shift()));
        yield answer;
      }
    }
  } finally {
    await Promise.all(workers.map((worker) => worker.end()));
  }
}

class SeedWorker {
  readonly #worker = new Worker(workerFile, { resourceLimits: { maxYoungGenerationSizeMb: 64 } });
  #answered: (answer: Answer) => void = () => {};
  #failed: (error: Error) => void = () => {};

  constructor() {
    this.#worker.on("message", (answer: Answer) => this.#answered(answer));
    this.#worker.on("error", (error) => this.#failed(error));
  }

  /** Undefined when there is nothing to ask. */
  ask(asked: Asked | undefined): Promise<{ readonly worker: SeedWorker; readonly answer: Answer | undefined }> {
    if (asked === undefined) return Promise.resolve({ worker: this, answer: undefined });
    return new Promise((resolve, reject) => {
      this.#answered = (answer) => resolve({ worker: this, answer });
      this.#failed = reject;
      this.#worker.postMessage(asked, []);
    });
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }
}
