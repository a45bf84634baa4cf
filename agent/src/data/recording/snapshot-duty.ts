import { createHash } from "node:crypto";
import { HOUR, MINUTE, SECOND, type Appender, type Disk } from "@edgemere/protocol/kit";
import { HostError } from "../../host/host.ts";
import { programOf, snapshotTo, versionOf, type Run } from "./engines.ts";
import { lastWords } from "./last-words.ts";
import { nextMinuteOfDay } from "./name-parts.ts";
import type { DatabasePlan } from "./plan.ts";
import { nameOfSnapshot, snapshotNamed } from "./snapshot-name.ts";
import type { RecordingParts } from "./stream-duty.ts";

// No index lists what is called so.
const PART = ".edgemere-snapshot.part";
const LOOKED_EVERY = MINUTE;
const [FIRST_PAUSE, LONGEST_PAUSE] = [MINUTE, HOUR];

/** What came of a snapshot that was asked for. */
export type Taken =
  | { readonly name: string; readonly bytes: number; readonly isKnown: boolean }
  | { readonly failure: string };

interface Written {
  readonly bytes: number;
  readonly sha256: string;
}

/** Takes snapshots of a database by its timetable, and when it is asked to. */
export class SnapshotDuty implements AsyncDisposable {
  readonly #parts: RecordingParts<DatabasePlan>;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  #taking: Promise<Taken> | undefined;
  #takenAt: number | undefined;
  #failures = 0;
  #nextTryAt = 0;

  constructor(parts: RecordingParts<DatabasePlan>) {
    this.#parts = parts;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Takes one now. Whoever asks while one is taken gets that. */
  take(): Promise<Taken> {
    this.#taking ??= this.#tryTaking().finally(() => (this.#taking = undefined));
    return this.#taking;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
    await this.#taking;
  }

  async #run(): Promise<void> {
    const { env, host, source, plan, mark } = this.#parts;
    const { signal } = this.#stop;
    // What is left of an agent that was killed.
    await host.killMarked([mark]).catch(() => 0);
    await host.removeScripts([mark]).catch(() => 0);
    // An unreadable directory is told by the first try.
    const files = await host.listFiles(source.path).catch(() => []);
    const known = files.flatMap(({ name }) => snapshotNamed(name, plan.database) ?? []);
    this.#takenAt ??= known.toSorted((a, b) => a.number - b.number).at(-1)?.takenAt;
    while (!signal.aborted) {
      if (this.#dueAt() <= env.clock.now()) await this.take();
      // Not until it is due at once: a clock may step.
      await env.clock.sleep(Math.max(SECOND, Math.min(LOOKED_EVERY, this.#dueAt() - env.clock.now())), signal);
    }
  }

  #dueAt(): number {
    const { when } = this.#parts.plan;
    if (this.#failures > 0) return this.#nextTryAt;
    if (this.#takenAt === undefined) return 0;
    return "every" in when ? this.#takenAt + when.every : nextMinuteOfDay(when.minute, this.#takenAt);
  }

  async #tryTaking(): Promise<Taken> {
    const { env, source, stands } = this.#parts;
    try {
      const taken = await this.#take();
      this.#failures = 0;
      stands(undefined);
      return taken;
    } catch (error) {
      const failure = error instanceof Error ? error.message : String(error);
      if (this.#stop.signal.aborted) return { failure: "the agent stopped" };
      env.log.warn("no snapshot of a database was taken", { source: source.name, error });
      this.#nextTryAt = env.clock.now() + Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** Math.min(this.#failures, 10));
      this.#failures += 1;
      stands({ reason: failure, nextTryAt: this.#nextTryAt });
      return { failure };
    }
  }

  async #take(): Promise<Taken> {
    const { env, host, source, plan, placed } = this.#parts;
    if (host.recordingFolder === undefined) throw new HostError("failed", "this host keeps no recordings");
    const disk = await host.recordingFolder(source.path);
    await disk.remove(PART);
    const takenAt = env.clock.now();
    try {
      const { version, written } = await this.#dump(disk);
      this.#takenAt = takenAt;
      const ours = await this.#kept();
      const newest = ours.at(-1);
      if (newest !== undefined && (await host.hashFile(source.path, newest.name)) === written.sha256)
        return { name: newest.name, bytes: written.bytes, isKnown: true };
      const number = 1 + (newest?.number ?? 0);
      const name = nameOfSnapshot({ number, takenAt, version }, plan.database);
      await disk.rename(PART, name);
      placed(name);
      for (const old of ours.slice(0, Math.max(0, ours.length + 1 - plan.keep))) await disk.remove(old.name);
      return { name, bytes: written.bytes, isKnown: false };
    } finally {
      await disk.remove(PART).catch(() => {});
    }
  }

  /** The oldest first. */
  async #kept(): Promise<readonly { readonly name: string; readonly number: number }[]> {
    const { host, source, plan } = this.#parts;
    const files = await host.listFiles(source.path);
    return files
      .flatMap(({ name }) => {
        const snapshot = snapshotNamed(name, plan.database);
        return snapshot === undefined ? [] : [{ name, number: snapshot.number }];
      })
      .toSorted((a, b) => a.number - b.number);
  }

  /** Writes one to the part file; throws why it is none. */
  async #dump(disk: Disk): Promise<{ readonly version: string; readonly written: Written }> {
    const { env, host, plan, mark } = this.#parts;
    const { time, bytes: most } = plan.limit;
    const over = new AbortController();
    const signal = AbortSignal.any([this.#stop.signal, over.signal]);
    const ended = new AbortController();
    const state = { isLate: false };
    void env.clock.sleep(time, ended.signal).then(() => {
      if (ended.signal.aborted) return;
      state.isLate = true;
      over.abort();
    });
    const file = await disk.append(PART);
    try {
      const stderr = lastWords();
      const output = new Output(file, most, over);
      const user = plan.user === undefined ? {} : { user: plan.user };
      const run: Run = {
        ...user,
        mark,
        signal,
        maxOutputBytes: Number.MAX_SAFE_INTEGER,
        onOutput: (channel, bytes) => (channel === "stderr" ? stderr.hear(bytes) : output.take(bytes)),
      };
      const version = await versionOf(plan.database, host, run);
      const { exitCode, endedBySignal } = await snapshotTo(run, plan.database, host);
      const written = await output.written();
      if (state.isLate) throw new HostError("failed", `the snapshot took longer than ${time / SECOND} s`);
      if (exitCode !== 0) {
        const how = `${programOf(plan.database)} ended with ${endedBySignal ?? `exit code ${exitCode ?? "?"}`}`;
        throw new HostError("failed", stderr.text === "" ? how : `${how}: ${stderr.text}`);
      }
      if (written.bytes === 0) throw new HostError("failed", `${programOf(plan.database)} gave nothing`);
      await file.sync();
      return { version, written };
    } finally {
      ended.abort();
      await file.close();
    }
  }
}

/** Writes what a program says to a file, up to a limit; then the program is ended. */
class Output {
  readonly #file: Appender;
  readonly #most: number;
  readonly #over: AbortController;
  readonly #hash = createHash("sha256");
  #bytes = 0;
  #failure: { readonly error: unknown } | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(file: Appender, most: number, over: AbortController) {
    this.#file = file;
    this.#most = most;
    this.#over = over;
  }

  take(bytes: Uint8Array): Promise<void> {
    // It is there only until this returns.
    const said = Buffer.from(bytes);
    this.#writing = this.#writing.then(() => this.#write(said)).catch((error: unknown) => this.#fail(error));
    return this.#writing;
  }

  /** When all is written; throws what went wrong with that. */
  async written(): Promise<Written> {
    await this.#writing;
    if (this.#failure !== undefined) throw this.#failure.error;
    return { bytes: this.#bytes, sha256: this.#hash.digest("hex") };
  }

  async #write(bytes: Uint8Array): Promise<void> {
    if (this.#failure !== undefined) return;
    this.#bytes += bytes.length;
    if (this.#bytes > this.#most) throw new HostError("no-room", `the snapshot has more than ${this.#most} bytes`);
    this.#hash.update(bytes);
    await this.#file.write(bytes);
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#over.abort();
  }
}
