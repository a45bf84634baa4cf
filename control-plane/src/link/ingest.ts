import { isStreamName, streamNames, type Hello, type JudgedBatch, type StreamName } from "@edgemere/protocol";
import type { Clock } from "@edgemere/protocol/kit";
import { put, type Change } from "../platform/change.ts";
import type { Alarm, Feature, Received } from "../platform/feature.ts";
import { repeatOnConflict } from "../platform/repeat.ts";
import type { Store } from "../platform/store.ts";
import { between, evidence, following, gapOf, incoming, type Incoming } from "./arrival.ts";
import { advanced, contradicts, startOf, watermarkId, watermarks, type Watermark } from "./watermark.ts";

interface Parts<C> {
  readonly store: Store;
  readonly clock: Clock;
  readonly features: readonly Feature<C>[];
  readonly context: C;
}

/** What became of a batch. */
interface Taken {
  /** The watermark afterwards: what may be acknowledged. */
  readonly upTo: number;
  readonly alarm?: Alarm;
}

/**
 * Stores each record once: records and watermark land in one synced commit. A stream is contiguous; what a device
 * will never send again without having explained it becomes a gap, and so does a record that can never be taken.
 */
export class Ingest<C> {
  readonly #parts: Parts<C>;
  readonly #known = new Map<string, Watermark>();

  constructor(parts: Parts<C>) {
    this.#parts = parts;
  }

  async take(device: string, stream: StreamName, batch: JudgedBatch): Promise<Taken> {
    const mark = await this.#mark(device, stream);
    const arrived = incoming(batch, this.#parts.clock.now());
    const conflict = arrived.find((each) => contradicts(mark, each));
    const fresh = following(arrived, { ...mark, firstUnacknowledged: batch.firstUnacknowledged });
    const upTo = fresh.length === 0 ? mark.upTo : await this.#store(device, stream, fresh, batch.clocks);
    return conflict === undefined ? { upTo } : { upTo, alarm: alarmOf(device, stream, conflict) };
  }

  /** A restored control plane does not have what was acknowledged after its backup, and no device kept it. */
  async explainRestored(device: string, streams: Hello["streams"], now: number): Promise<void> {
    for (const { stream = "", firstUnacknowledged = 0 } of streams) {
      if (!isStreamName(stream)) continue;
      const { upTo, atMs } = await this.#mark(device, stream);
      const [first, last] = [upTo + 1, firstUnacknowledged - 1];
      if (last < first) continue;
      const gap = gapOf({ first, last, reason: "control-plane-restored", ...between(atMs, now) });
      await this.#store(device, stream, [gap], []);
    }
  }

  async watermark(device: string, stream: StreamName): Promise<number> {
    return (await this.#mark(device, stream)).upTo;
  }

  async watermarksOf(device: string): Promise<readonly { readonly stream: StreamName; readonly upTo: number }[]> {
    return Promise.all(streamNames.map(async (stream) => ({ stream, upTo: await this.watermark(device, stream) })));
  }

  /** What was remembered of a device that is away is read again when it comes back. */
  forget(device: string): void {
    for (const stream of streamNames) this.#known.delete(watermarkId(device, stream));
  }

  async #mark(device: string, stream: StreamName): Promise<Watermark> {
    const id = watermarkId(device, stream);
    const known = this.#known.get(id) ?? { ...startOf(id), ...(await this.#parts.store.get(watermarks, id)) };
    this.#known.set(id, known);
    return known;
  }

  async #store(
    device: string,
    stream: StreamName,
    fresh: readonly Incoming[],
    clocks: JudgedBatch["clocks"],
  ): Promise<number> {
    const { store, clock } = this.#parts;
    const receivedAt = clock.now();
    const refused = fresh.flatMap((each) => each.refused ?? []).map((each) => evidence(each, receivedAt));
    const received: Received = {
      device,
      records: fresh.map(({ record }) => record),
      receivedAt,
      clocks: clocks.map(({ clockPeriod, offsetMs, uncertaintyMs }) => ({
        clockPeriod,
        offset: offsetMs,
        uncertainty: uncertaintyMs,
      })),
      refused,
    };
    const mark = advanced(await this.#mark(device, stream), fresh, refused);
    // Whether a write that failed landed is not known: only the store can tell, when it is open again.
    this.#known.delete(mark.id);
    await repeatOnConflict(async () => store.commit(...(await this.#decide(stream, received)), put(watermarks, mark)));
    this.#known.set(mark.id, mark);
    return mark.upTo;
  }

  async #decide(stream: StreamName, received: Received): Promise<readonly Change[]> {
    const { features, context } = this.#parts;
    const changes = await Promise.all(
      features.map(async (each) => (await each.receives?.[stream]?.(received, context)) ?? []),
    );
    return changes.flat();
  }
}

const alarmOf = (device: string, stream: StreamName, { first }: Incoming): Alarm => ({
  kind: "conflicting-record",
  device,
  stream,
  sequence: first,
  reason: `record ${first} of the stream ${stream} came again and says something else than the one that is stored`,
});
