import { isStreamName, streamNames, v1, type Hello, type JudgedBatch, type StreamName } from "@edgemere/protocol";
import { put, type Change } from "../platform/change.ts";
import type { Alarm, Received } from "../platform/feature.ts";
import { repeatOnConflict } from "../platform/repeat.ts";
import { between, evidence, following, gapOf, incoming, type Incoming } from "./arrival.ts";
import { FeatureFailed, failureOf, Failures } from "./feature-failed.ts";
import type { FeatureParts } from "./feature-news.ts";
import { setAside } from "./set-aside.ts";
import { TelemetrySchemas, type ReadBatch } from "./telemetry-schemas.ts";
import { Traffic } from "./traffic.ts";
import {
  advanced,
  contradicts,
  startOf,
  watermarkId,
  watermarks,
  type StreamMark,
  type Watermark,
} from "./watermark.ts";

const ERROR_LENGTH = 500;

type Conflict = Extract<Alarm, { readonly kind: "conflicting-record" }>;

/** What became of a batch. */
interface Taken {
  /** The watermark afterwards: what may be acknowledged. */
  readonly upTo: number;
  readonly alarm?: Conflict;
  /** A feature failed on it: it is to come again. */
  readonly failure?: FeatureFailed;
}

/** What goes into one commit. */
interface Arrived {
  readonly device: string;
  readonly stream: StreamName;
  readonly fresh: readonly Incoming[];
  readonly clocks: JudgedBatch["clocks"];
  readonly samples: Received["samples"];
  /** What goes with them. */
  readonly changes: readonly Change[];
}

const NOTHING_ELSE = { clocks: [], samples: new Map(), changes: [] };

/**
 * Stores each record once: records and watermark land in one synced commit. A stream is contiguous; what a device
 * will never send again without having explained it becomes a gap, and so does a record that can never be taken.
 */
export class Ingest<C> {
  readonly #parts: FeatureParts<C>;
  readonly #known = new Map<string, Watermark>();
  readonly #failures: Failures;
  readonly #traffic: Traffic;
  readonly #schemas: TelemetrySchemas;

  constructor(parts: FeatureParts<C>, traffic = new Traffic()) {
    this.#parts = parts;
    this.#traffic = traffic;
    this.#failures = new Failures(parts.clock);
    this.#schemas = new TelemetrySchemas(parts);
  }

  /** What can be read of a batch, to be taken then. */
  async read(device: string, stream: StreamName, batch: JudgedBatch): Promise<ReadBatch> {
    return this.#schemas.read(device, batch, await this.watermark(device, stream));
  }

  /** Of a device that has not said hello yet, nothing is taken behind a hole: what explains it may be known when it has. */
  async take(device: string, stream: StreamName, given: ReadBatch, hasSaidHello: boolean): Promise<Taken> {
    const { batch, samples, changes } = given;
    const mark = await this.#mark(device, stream);
    const firstUnacknowledged = hasSaidHello ? batch.firstUnacknowledged : 0;
    const arrived = incoming(batch, this.#parts.clock.now());
    const conflict = arrived.find((each) => contradicts(mark, each));
    const fresh = following(arrived, { ...mark, firstUnacknowledged });
    const alarm = conflict && alarmOf(device, stream, conflict);
    try {
      const all = { device, stream, fresh, clocks: batch.clocks, samples, changes };
      const upTo = fresh.length === 0 ? mark.upTo : await this.#take(all);
      if (upTo > mark.upTo) this.#schemas.remember(device, given);
      return { upTo, ...(alarm && { alarm }) };
    } catch (failure) {
      if (!(failure instanceof FeatureFailed)) throw failure;
      return { upTo: mark.upTo, failure, ...(alarm && { alarm }) };
    }
  }

  /** A restored control plane does not have what was acknowledged after its backup, and no device kept it. */
  async explainRestored(device: string, streams: Hello["streams"], now: number): Promise<void> {
    for (const { stream = "", firstUnacknowledged = 0 } of streams) {
      if (!isStreamName(stream)) continue;
      const { upTo, atMs } = await this.#mark(device, stream);
      const [first, last] = [upTo + 1, firstUnacknowledged - 1];
      if (last < first) continue;
      const gap = gapOf({ first, last, reason: "control-plane-restored", ...between(atMs, now) });
      await this.#take({ ...NOTHING_ELSE, device, stream, fresh: [gap] });
    }
  }

  async watermark(device: string, stream: StreamName): Promise<number> {
    return (await this.#mark(device, stream)).upTo;
  }

  async watermarksOf(device: string): Promise<readonly StreamMark[]> {
    return Promise.all(streamNames.map(async (stream) => ({ ...(await this.#mark(device, stream)), stream })));
  }

  /** What was remembered of a device that is away is read again when it comes back. */
  forget(device: string): void {
    for (const stream of streamNames) this.#known.delete(watermarkId(device, stream));
    this.#schemas.forget(device);
  }

  async #mark(device: string, stream: StreamName): Promise<Watermark> {
    const id = watermarkId(device, stream);
    const known = this.#known.get(id) ?? { ...startOf(id), ...(await this.#parts.store.get(watermarks, id)) };
    this.#known.set(id, known);
    return known;
  }

  /** What a feature fails on must come again; after a while those records are left out that it fails on, and not those behind them. */
  async #take(arrived: Arrived): Promise<number> {
    const { device, stream } = arrived;
    try {
      return await this.#store(arrived);
    } catch (error) {
      if (!(error instanceof FeatureFailed)) throw error;
      const { isFirst, isEnough } = this.#failures.count(watermarkId(device, stream));
      if (isFirst) this.#parts.log.error("records of a device cannot be taken", { device, stream, error });
      if (!isEnough) throw error;
      return this.#takeOneByOne(arrived);
    }
  }

  async #takeOneByOne(arrived: Arrived): Promise<number> {
    const { device, stream, fresh } = arrived;
    const leftOut: { readonly sequence: number; readonly error: unknown }[] = [];
    for (const each of fresh) {
      try {
        await this.#store({ ...arrived, fresh: [each] });
      } catch (error) {
        if (!(error instanceof FeatureFailed)) throw error;
        await this.#leaveOut(arrived, each, error);
        leftOut.push({ sequence: each.first, error: error.cause });
      }
    }
    const [first] = leftOut;
    if (first !== undefined)
      this.#parts.log.error("records are set aside: a feature fails on them", {
        device,
        stream,
        records: leftOut.length,
        ...first,
      });
    return this.watermark(device, stream);
  }

  /** A gap takes its place. Where a feature fails on that too, the features are not asked. */
  async #leaveOut(arrived: Arrived, left: Incoming, { message }: FeatureFailed): Promise<void> {
    const { device, stream } = arrived;
    const { first, last, atMs, record, gapReason, refused = [] } = left;
    const at = this.#parts.clock.now();
    const bytes = v1.Record.encode(record).finish().length;
    const gap =
      gapReason === undefined ? gapOf({ first, last, reason: "failed", fromMs: atMs, toMs: atMs, bytes }) : left;
    const kept = setAside({ device, stream, at, error: message.slice(0, ERROR_LENGTH) }, left);
    try {
      await this.#store({ ...arrived, fresh: [gap] }, kept);
    } catch (error) {
      if (!(error instanceof FeatureFailed)) throw error;
      const remains = refused.map((each) => evidence(each, at));
      const mark = advanced(await this.#mark(device, stream), [gap], remains);
      await this.#commit(stream, mark, async () => [kept]);
    }
  }

  async #store(arrived: Arrived, ...more: readonly Change[]): Promise<number> {
    const { device, stream, fresh, clocks, samples, changes } = arrived;
    const receivedAt = this.#parts.clock.now();
    const refused = fresh.flatMap((each) => each.refused ?? []).map((each) => evidence(each, receivedAt));
    const received: Received = {
      device,
      records: fresh.map(({ record }) => record),
      samples,
      receivedAt,
      clocks: clocks.map(({ clockPeriod, offsetMs, uncertaintyMs }) => ({
        clockPeriod,
        offset: offsetMs,
        uncertainty: uncertaintyMs,
      })),
      refused,
    };
    const mark = advanced(await this.#mark(device, stream), fresh, refused);
    await this.#commit(stream, mark, async () => [...(await this.#decide(stream, received)), ...changes, ...more]);
    this.#traffic.stored(stream, received);
    return mark.upTo;
  }

  async #commit(stream: StreamName, mark: Watermark, decide: () => Promise<readonly Change[]>): Promise<void> {
    // Whether a write that failed landed is not known: only the store can tell, when it is open again.
    this.#known.delete(mark.id);
    const { store } = this.#parts;
    await repeatOnConflict(async () => {
      const changes = [...(await decide()), put(watermarks, mark)];
      await (isPatient(stream) ? store.commitWithOthers(...changes) : store.commit(...changes));
    });
    this.#known.set(mark.id, mark);
  }

  async #decide(stream: StreamName, received: Received): Promise<readonly Change[]> {
    const { features, context, store } = this.#parts;
    const decided = features.map(async ({ name, receives }) => {
      try {
        return (await receives?.[stream]?.(received, context)) ?? [];
      } catch (error) {
        throw failureOf(name, error, store);
      }
    });
    return (await Promise.all(decided)).flat();
  }
}

/** Of these nobody waits for an answer but the device, which has kept them. */
const isPatient = (stream: StreamName): boolean => stream === "telemetry" || stream === "log";

const alarmOf = (device: string, stream: StreamName, { first }: Incoming): Conflict => ({
  kind: "conflicting-record",
  device,
  stream,
  sequence: first,
  reason: `record ${first} of the stream ${stream} came again and says something else than the one that is stored`,
});
