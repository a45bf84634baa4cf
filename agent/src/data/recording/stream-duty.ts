import { pauseBefore, MINUTE, SECOND, type Disk, type Env } from "@edgemere/protocol/kit";
import { HostError, type Host, type ProgramResult } from "../../host/host.ts";
import { lastWords } from "./last-words.ts";
import type { Condition, StreamPlan } from "./plan.ts";
import { keepTo } from "./ring.ts";
import { segmentNamed } from "./segment-name.ts";
import { Segments } from "./segments.ts";

const LOOKED_EVERY = SECOND;
/** What ran so long began well. */
const STEADY = MINUTE;
const BACKOFF = { first: 2 * SECOND, longest: 5 * MINUTE };
const LEAST_PAUSE = SECOND;

export interface RecordingParts<Plan> {
  readonly env: Env;
  readonly host: Host;
  readonly source: { readonly name: string; readonly path: string };
  readonly plan: Plan;
  /** Names what it starts, so that nothing of it outlives the agent. */
  readonly mark: string;
  /** Hears of each file that is there, whole. */
  readonly placed: (name: string) => void;
  /** Hears what is wrong, and when nothing is. */
  readonly stands: (condition: Condition | undefined) => void;
}

/** Has a program run as long as the agent does, and records what it says. */
export class StreamDuty implements AsyncDisposable {
  readonly #parts: RecordingParts<StreamPlan>;
  readonly #stop = new AbortController();
  #segments: Segments | undefined;
  #running: Promise<void> | undefined;
  #tries = 0;

  constructor(parts: RecordingParts<StreamPlan>) {
    this.#parts = parts;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { env, host, source, stands, mark } = this.#parts;
    // What the kernel did not end with the agent that started it.
    await host.killMarked([mark]).catch(() => 0);
    while (!this.#stop.signal.aborted) {
      const begunAt = env.clock.monotonic();
      const reason = await this.#record().catch((error: unknown) => this.#fail(error));
      if (this.#stop.signal.aborted) return;
      this.#tries = env.clock.monotonic() - begunAt >= STEADY ? 0 : this.#tries + 1;
      const pause = LEAST_PAUSE + pauseBefore(this.#tries, BACKOFF, env.random);
      env.log.warn("a stream is interrupted", { source: source.name, reason });
      stands({ reason, nextTryAt: env.clock.now() + pause });
      await env.clock.sleep(pause, this.#stop.signal);
    }
  }

  /** One life of the program; gives why it ended. */
  async #record(): Promise<string> {
    const { host, plan, mark, env, stands } = this.#parts;
    const segments = (this.#segments ??= await this.#open());
    segments.resume();
    const over = new AbortController();
    const signal = AbortSignal.any([this.#stop.signal, over.signal]);
    const stderr = lastWords();
    // One after another: what is said, and looking after it.
    let turn: Promise<void> = Promise.resolve();
    let failure = undefined as { readonly error: unknown } | undefined;
    const next = (work: () => Promise<void>): Promise<void> => {
      turn = turn
        .then(() => (failure === undefined ? work() : undefined))
        .catch((error: unknown) => {
          failure = { error };
          over.abort();
        });
      return turn;
    };
    const onOutput = async (channel: "stdout" | "stderr", bytes: Uint8Array) => {
      if (channel === "stderr") return stderr.hear(bytes);
      stands(undefined);
      // It is there only until this returns.
      const said = Buffer.from(bytes);
      await next(() => segments.write(said));
      await env.clock.sleep((said.length / plan.bytesPerSecond) * SECOND, signal);
    };
    const looking = this.#lookAfter(segments, next, signal);
    const { argv, user } = plan;
    const who = user === undefined ? {} : { user };
    const program = { argv, ...who, maxOutputBytes: Number.MAX_SAFE_INTEGER, mark, onOutput, signal };
    let end: ProgramResult;
    try {
      end = await host.run(program);
    } finally {
      over.abort();
      await looking;
      await next(() => segments.pause());
    }
    if (failure !== undefined) throw failure.error;
    const how = `the program ended with ${end.endedBySignal ?? `exit code ${end.exitCode ?? "?"}`}`;
    return stderr.text === "" ? how : `${how}: ${stderr.text}`;
  }

  async #lookAfter(
    segments: Segments,
    next: (work: () => Promise<void>) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock } = this.#parts.env;
    const begunAt = clock.monotonic();
    while (!signal.aborted) {
      await clock.sleep(LOOKED_EVERY, signal);
      if (signal.aborted) return;
      if (clock.monotonic() - begunAt >= STEADY) this.#parts.stands(undefined);
      await next(() => segments.look());
    }
  }

  async #open(): Promise<Segments> {
    const { host, source, plan, env, placed } = this.#parts;
    const disk = await this.#directory();
    const ring = { host, disk, directory: source.path, isOurs: (name: string) => segmentNamed(name) !== undefined };
    const closed = (name: string) => {
      placed(name);
      void keepTo(plan.keepBytes, ring).catch((error: unknown) =>
        env.log.warn("old segments of a stream stay", { source: source.name, error }),
      );
    };
    const parts = { disk, clock: env.clock, bounds: plan.segment, closed };
    return Segments.open(parts, await host.listFiles(source.path));
  }

  async #directory(): Promise<Disk> {
    const { host, source } = this.#parts;
    if (host.recordingFolder === undefined) throw new HostError("failed", "this host keeps no recordings");
    return host.recordingFolder(source.path);
  }

  async #fail(error: unknown): Promise<string> {
    await this.#segments?.abandon();
    this.#segments = undefined;
    return error instanceof Error ? error.message : String(error);
  }
}
