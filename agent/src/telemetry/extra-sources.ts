import { cutText } from "@edgemere/protocol";
import type { Log } from "@edgemere/protocol/kit";
import type { TelemetryReading } from "../host/host.ts";

/** Something that was not taken. */
export interface Refusal {
  /** A stable word. */
  readonly reason: string;
  readonly detail: string;
}

export interface Answer {
  readonly readings: readonly TelemetryReading[];
  readonly refusals?: readonly Refusal[];
}

/** A source that takes its time: sampling goes on without it. */
export interface ExtraSource {
  readonly name: string;
  /** Milliseconds. */
  readonly every: number;
  /** What it throws is a refusal like another. */
  read(signal: AbortSignal): Promise<Answer>;
  /** What is wrong with it for as long as nobody mends it, in stable words. */
  conditions?(): readonly string[];
}

// However many a source has, the host's own always find room in a batch.
export const MOST_READINGS = 200;
const LONGEST_DETAIL = 200;

/** Asks sources that take their time, each once at a time, and keeps what they said for the next row. A refusal is told once and counted. */
export class ExtraSources implements AsyncDisposable {
  readonly #sources: ReadonlyMap<string, ExtraSource>;
  readonly #log: Log;
  readonly #stop = new AbortController();
  readonly #running = new Map<string, Promise<void>>();
  readonly #refused = new Map<string, number>();
  readonly #told = new Set<string>();
  #arrived: TelemetryReading[] = [];

  constructor(sources: readonly ExtraSource[], log: Log) {
    this.#sources = new Map(sources.map((source) => [source.name, source]));
    this.#log = log;
  }

  /** Asks one, unless it is still at its former answer. */
  ask(name: string): void {
    const source = this.#sources.get(name);
    if (source === undefined || this.#running.has(name) || this.#stop.signal.aborted) return;
    const asked = this.#ask(source).finally(() => this.#running.delete(name));
    this.#running.set(name, asked);
  }

  conditions(): readonly string[] {
    return [...this.#sources.values()].flatMap((source) => source.conditions?.() ?? []);
  }

  /** What has come since the last time. */
  take(): readonly TelemetryReading[] {
    const arrived = this.#arrived;
    this.#arrived = [];
    return arrived;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#running.values());
  }

  async #ask(source: ExtraSource): Promise<void> {
    const { readings, refusals = [] } = await source.read(this.#stop.signal).catch(failed);
    // What was stopped says nothing about the source.
    if (this.#stop.signal.aborted) return;
    const tooMany = readings.length - MOST_READINGS;
    const all =
      tooMany > 0 ? [...refusals, { reason: "too-many-series", detail: `${tooMany} are left out` }] : refusals;
    this.#arrived.push(...readings.slice(0, MOST_READINGS), ...this.#refuse(source.name, all));
  }

  /** Counts; a reason that does not come again is told anew when it does. */
  #refuse(name: string, refusals: readonly Refusal[]): readonly TelemetryReading[] {
    for (const { reason, detail } of refusals) {
      const key = `${name} ${reason}`;
      this.#refused.set(key, (this.#refused.get(key) ?? 0) + 1);
      if (this.#told.has(key)) continue;
      this.#told.add(key);
      this.#log.warn("a source was refused", { source: name, reason, detail: cutText(detail, LONGEST_DETAIL) });
    }
    const current = new Set(refusals.map(({ reason }) => `${name} ${reason}`));
    for (const key of this.#told) if (key.startsWith(`${name} `) && !current.has(key)) this.#told.delete(key);
    return [...this.#refused]
      .filter(([key]) => key.startsWith(`${name} `))
      .map(([instance, value]) => ({ metric: "source.refused_count", instance, value }));
  }
}

const failed = (error: unknown): Answer => ({
  readings: [],
  refusals: [{ reason: "failed", detail: error instanceof Error ? error.message : String(error) }],
});
