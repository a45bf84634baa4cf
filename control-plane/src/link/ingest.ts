import { streamNames, v1, type Record_, type RecordBatch, type StreamName } from "@edgemere/protocol";
import type { Clock } from "@edgemere/protocol/kit";
import { put, type Change } from "../platform/change.ts";
import type { Feature, Received } from "../platform/feature.ts";
import { repeatOnConflict } from "../platform/repeat.ts";
import { table } from "../platform/resource.ts";
import type { Store } from "../platform/store.ts";

/** Up to where a device's stream is stored. Written in the same commit as the records. */
interface Watermark {
  readonly id: string;
  readonly upTo: number;
}

const watermarks = table<Watermark>("watermark");
const idOf = (device: string, stream: StreamName) => `${device}/${stream}`;

interface Parts<C> {
  readonly store: Store;
  readonly clock: Clock;
  readonly features: readonly Feature<C>[];
  readonly context: C;
}

/**
 * Stores each record once: records and watermark land in one synced commit. A stream is contiguous; what a device
 * will never send again without having explained it becomes a gap with the reason "unexplained".
 */
export class Ingest<C> {
  readonly #parts: Parts<C>;
  readonly #known = new Map<string, number>();

  constructor(parts: Parts<C>) {
    this.#parts = parts;
  }

  /** The watermark afterwards: what may be acknowledged. */
  async take(device: string, stream: StreamName, batch: RecordBatch): Promise<number> {
    const upTo = await this.watermark(device, stream);
    const records = newRecords(batch, upTo);
    const last = records.at(-1);
    if (last === undefined) return upTo;

    const received: Received = { device, records, receivedAt: this.#parts.clock.now() };
    const mark = { id: idOf(device, stream), upTo: lastNumber(last) };
    await repeatOnConflict(async () =>
      this.#parts.store.commit(...(await this.#decide(stream, received)), put(watermarks, mark)),
    );
    this.#known.set(mark.id, mark.upTo);
    return mark.upTo;
  }

  async watermark(device: string, stream: StreamName): Promise<number> {
    const id = idOf(device, stream);
    const known = this.#known.get(id) ?? (await this.#parts.store.get(watermarks, id))?.upTo ?? 0;
    this.#known.set(id, known);
    return known;
  }

  async watermarksOf(device: string): Promise<readonly { readonly stream: StreamName; readonly upTo: number }[]> {
    return Promise.all(streamNames.map(async (stream) => ({ stream, upTo: await this.watermark(device, stream) })));
  }

  /** What was remembered of a device that is away is read again when it comes back. */
  forget(device: string): void {
    for (const stream of streamNames) this.#known.delete(idOf(device, stream));
  }

  async #decide(stream: StreamName, received: Received): Promise<readonly Change[]> {
    const { features, context } = this.#parts;
    const changes = await Promise.all(
      features.map(async (each) => (await each.receives?.[stream]?.(received, context)) ?? []),
    );
    return changes.flat();
  }
}

/** The records of a batch that follow the watermark, without those that are stored already. Empty when something is missing in between. */
export function newRecords({ records, firstUnacknowledged }: RecordBatch, upTo: number): readonly Record_[] {
  const fresh = (records as readonly Record_[]).filter((record) => lastNumber(record) > upTo);
  const first = fresh[0];
  if (first === undefined) return [];
  if (first.sequence <= upTo) return [startingAt(upTo + 1, first), ...fresh.slice(1)];
  if (first.sequence === upTo + 1) return fresh;
  // Something is missing. As long as the device still has it, it will come: the same batch is sent again after it.
  if (firstUnacknowledged <= upTo + 1) return [];
  return [unexplained(upTo + 1, first.sequence - 1, first.atMs), ...fresh];
}

/** The rest of a gap. A copy by spreading would not know its `body`: that is a getter of the message's class. */
const startingAt = (sequence: number, gap: Record_): Record_ => Object.assign(v1.Record.create(gap), { sequence });

function unexplained(from: number, upTo: number, atMs: number): Record_ {
  const gap = {
    upTo,
    records: upTo - from + 1,
    bytes: 0,
    reason: "unexplained",
    fromMs: atMs,
    toMs: atMs,
    estimated: true,
  };
  return { sequence: from, atMs, body: "gap", gap } as unknown as Record_;
}

const lastNumber = (record: Record_): number => (record.body === "gap" ? record.gap.upTo : record.sequence);
