import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { HostileChild } from "../../world/hostile-child.ts";

/** What the thread is given. */
export type Flooding = Pick<HostileChild, "baseUrl" | "token"> & { readonly round: number };

export interface Flooded {
  /** Reports that were told. */
  readonly told: number;
  /** Of these, how many were sent away for their pace. */
  readonly sentAway: number;
}

/** A hostile child that tells one report after another, on a thread of its own: what it takes to make them is not what the devices beside it wait for. */
export class Flood {
  readonly #worker: Worker;
  readonly #over: Promise<Flooded>;

  private constructor(workerData: Flooding) {
    this.#worker = new Worker(new URL("./flood-worker.js", import.meta.url), { workerData });
    this.#over = new Promise((resolve, reject) => {
      this.#worker.once("error", reject);
      this.#worker.on("message", (told: Flooded | "ready") => told !== "ready" && resolve(told));
    });
    // Whoever ends it hears of it.
    this.#over.catch(() => {});
  }

  /** Resolves when its reports are made. */
  static async ready({ baseUrl, token }: HostileChild, round: number): Promise<Flood> {
    const flood = new Flood({ baseUrl, token, round });
    await once(flood.#worker, "message");
    return flood;
  }

  begin(): void {
    this.#worker.postMessage("begin", []);
  }

  /** Resolves when it has told each kind at least once; rejects where one was answered otherwise than it may be. */
  async end(): Promise<Flooded> {
    this.#worker.postMessage("end", []);
    return this.#over;
  }
}
