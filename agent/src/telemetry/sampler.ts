import type { Env } from "@edgemere/protocol/kit";
import { hostSources, type Host, type TelemetryReading } from "../host/host.ts";
import type { Outbox } from "../link/outbox.ts";
import { Batch } from "./batch.ts";
import { DeadBands } from "./dead-band.ts";
import { economies, savedRow, type EconomyStep } from "./economy.ts";
import { everythingEvery, type TelemetryPlan } from "./plan.ts";
import { ExtraSources, type ExtraSource } from "./extra-sources.ts";
import { RollUp, type Row } from "./roll-up.ts";
import { nextMultiple, Timetable } from "./timetable.ts";

export interface SamplerParts {
  readonly env: Env;
  readonly host: Host;
  readonly outbox: Outbox;
  readonly config: {
    readonly sampleEvery: number;
    readonly reportEvery: number;
    /** Everything, at `sampleEvery`, when absent. */
    readonly telemetry?: TelemetryPlan;
  };
  /** What is asked beside the host, under names that no source of the host has. */
  readonly extraSources?: readonly ExtraSource[];
  /** What the agent knows of itself, told with the host's source "agent". */
  readonly ownReadings?: () => readonly TelemetryReading[];
  /** Is shown what was measured, before anything is summed up or left out. */
  readonly observe?: (readings: readonly TelemetryReading[]) => void;
  /** How data is saved now; not at all when absent. */
  readonly economy?: () => EconomyStep;
  /** The period of the device's clock now. */
  readonly clockPeriod?: () => number;
}

/** Measures each source at the start, then at whole multiples of its interval of the wall clock: all devices measure at the same instants. */
export class Sampler implements AsyncDisposable {
  readonly #parts: SamplerParts;
  readonly #plan: TelemetryPlan;
  readonly #timetable: Timetable<string>;
  readonly #extra: ExtraSources;
  readonly #rollUp: RollUp;
  readonly #deadBands: DeadBands;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  #batch = new Batch();
  /** Of the clock in all rows of the batch: one offset corrects them. */
  #period = 0;
  #reportAt = 0;
  #resolution = 0;
  #sampled = 0;
  /** Troubles that were told already and have not ended. */
  readonly #told = new Set<string>();

  constructor(parts: SamplerParts) {
    this.#parts = parts;
    this.#plan = parts.config.telemetry ?? everythingEvery(parts.config.sampleEvery);
    const extra = parts.extraSources ?? [];
    const intervals = extra.map(({ name, every }) => [name, every] as const);
    this.#timetable = new Timetable([...Object.entries(this.#plan.sources), ...intervals]);
    this.#extra = new ExtraSources(extra, parts.env.log);
    this.#rollUp = new RollUp(this.#plan.rollUp);
    this.#deadBands = new DeadBands(this.#plan.deadBands);
  }

  /** Samples since the start. */
  get sampled(): number {
    return this.#sampled;
  }

  /** What is wrong with its sources, in stable words. */
  conditions(): readonly string[] {
    return this.#extra.conditions();
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Hands over what was measured and not yet sent. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
    await this.#extra[Symbol.asyncDispose]();
    await this.#endWindow();
    await this.#flush();
  }

  async #run(): Promise<void> {
    const { clock } = this.#parts.env;
    // Whoever looks at a device that has just started sees something at once.
    await this.#sample();
    await this.#endWindow();
    await this.#flush();
    this.#reportAt = nextMultiple(clock.now(), this.#reportEvery);
    for (;;) {
      await this.#sleepUntil(this.#timetable.next, this.#timetable.shortest);
      if (this.#stop.signal.aborted) return;
      await this.#sample();
      const [now, reportEvery] = [clock.now(), this.#reportEvery];
      // The second condition holds after a backward step of the clock, or when reports come more often again.
      if (now < this.#reportAt && this.#reportAt - now <= reportEvery) continue;
      await this.#flush();
      this.#reportAt = nextMultiple(now, reportEvery);
    }
  }

  get #step(): EconomyStep {
    return this.#parts.economy?.() ?? "full";
  }

  get #reportEvery(): number {
    return Math.max(this.#parts.config.reportEvery, economies[this.#step].report);
  }

  /** Timers may end a little early, and the clock may step meanwhile: then the wait goes on, but never for longer than one interval. */
  async #sleepUntil(instant: number, longest: number): Promise<void> {
    const { clock } = this.#parts.env;
    const latest = clock.monotonic() + longest;
    for (;;) {
      const wait = Math.min(instant - clock.now(), latest - clock.monotonic());
      if (wait <= 0 || this.#stop.signal.aborted) return;
      await clock.sleep(wait, this.#stop.signal);
    }
  }

  async #sample(): Promise<void> {
    const { clock } = this.#parts.env;
    const due = this.#timetable.due(clock.now());
    if (due.size === 0) return;
    const readings = await this.#try("sampling failed", () => this.#read(due));
    const [at, period] = [clock.now(), this.#parts.clockPeriod?.() ?? 0];
    this.#timetable.done(due, at);
    if (readings === undefined) return;
    this.#parts.observe?.(readings);
    const step = this.#step;
    const resolution = Math.max(this.#plan.resolution ?? 0, economies[step].resolution ?? 0);
    if (period !== this.#period || resolution !== this.#resolution) await this.#endWindow();
    if (period !== this.#period) await this.#flush();
    [this.#period, this.#resolution] = [period, resolution];
    this.#sampled += 1;
    const saved = savedRow({ at, readings }, step);
    const row = resolution === 0 ? saved : this.#rollUp.add(saved, resolution);
    if (row !== undefined) await this.#add(row);
  }

  /** What takes its time is only asked here: its answer stands in a later row. */
  async #read(due: ReadonlySet<string>): Promise<readonly TelemetryReading[]> {
    const own = new Set(hostSources.filter((source) => due.has(source)));
    for (const name of due) this.#extra.ask(name);
    const readings = own.size === 0 ? [] : await this.#parts.host.sample(own);
    const ofAgent = own.has("agent") ? (this.#parts.ownReadings?.() ?? []) : [];
    return [...readings, ...ofAgent, ...this.#extra.take()];
  }

  async #endWindow(): Promise<void> {
    const row = this.#rollUp.close();
    if (row !== undefined) await this.#add(row);
  }

  async #add({ at, readings }: Row): Promise<void> {
    if (readings.length === 0) return;
    // A row without news says that this device looked: otherwise it would seem to be silent.
    const news = this.#deadBands.filter(readings, this.#parts.env.clock.monotonic());
    if (!this.#batch.accepts(at, news.length)) await this.#flush();
    this.#batch.add(at, news);
    const { left } = this.#batch;
    if (left > 0) this.#tell("readings were left out: too many, badly named or not finite", { readings: left });
  }

  async #flush(): Promise<void> {
    const batch = this.#batch;
    if (batch.rows === 0) return;
    this.#batch = new Batch();
    const made = { atMs: batch.newest, clockPeriod: this.#period };
    await this.#try("telemetry could not be kept and is lost", () =>
      this.#parts.outbox.append("telemetry", { telemetry: batch.message() }, made),
    );
  }

  async #try<T>(trouble: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      const value = await work();
      this.#told.delete(trouble);
      return value;
    } catch (error) {
      this.#tell(trouble, { error });
      return undefined;
    }
  }

  /** A trouble that lasts is told once, not at every interval. */
  #tell(trouble: string, fields: Readonly<Record<string, unknown>>): void {
    if (this.#told.has(trouble)) return;
    this.#told.add(trouble);
    this.#parts.env.log.warn(trouble, fields);
  }
}
