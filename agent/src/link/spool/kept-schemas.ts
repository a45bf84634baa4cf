import { schemaIn, v1, type Schema } from "@edgemere/protocol";
import type { Disk } from "@edgemere/protocol/kit";
import { isDiskFull } from "./disk-full.ts";
import { frame, HEADER_BYTES, scan } from "./frame.ts";

const FILE = "spool/schemas";
// So many of which no record speaks stay: a series that comes back finds its schema, and the file is not written anew all the time.
const SPARE = 8;

/** How a schema travels. */
export type SchemaMessage = Pick<v1.TelemetrySchema, "series">;

interface Kept {
  readonly message: SchemaMessage;
  readonly payload: Uint8Array;
}

/**
 * The schemas that records of the spool refer to: as long as one of them is there, its schema is. Each is a checked frame of one
 * file. A schema that the disk does not give back is as lost as its records, unless it is kept again.
 */
export class KeptSchemas {
  readonly isDamaged: boolean;
  readonly #disk: Disk;
  readonly #onFailure: (error: unknown) => void;
  #kept: Map<string, Kept>;
  #bytes: number;
  /** Whether the file may grow: after a failed write it is not known what it holds behind the last schema. */
  #isSound: boolean;

  private constructor(disk: Disk, onFailure: (error: unknown) => void, content: Uint8Array) {
    this.#disk = disk;
    this.#onFailure = onFailure;
    const frames = scan(content);
    this.#kept = new Map(frames.flatMap(({ payload }) => readable(payload)));
    const isWhole = frames.reduce((sum, { start, end }) => sum + end - start, 0) === content.length;
    this.#isSound = isWhole && this.#kept.size === frames.length;
    this.isDamaged = !this.#isSound;
    this.#bytes = content.length;
  }

  /** `onFailure` is told of what went wrong on the disk and was put right here. */
  static async open(disk: Disk, onFailure: (error: unknown) => void): Promise<KeptSchemas> {
    const content = await disk.read(FILE).catch((error: unknown) => {
      // Too many open files, say, are no loss: the next start may read it.
      if (!(error instanceof Error && "code" in error && error.code === "EIO")) throw error;
      onFailure(error);
      return Uint8Array.of(0);
    });
    return new KeptSchemas(disk, onFailure, content ?? new Uint8Array());
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(name: string): SchemaMessage | undefined {
    return this.#kept.get(name)?.message;
  }

  /** What these take beside those that are kept, at most. */
  bytesFor(schemas: readonly Schema[]): number {
    const fresh = new Map(schemas.filter(({ name }) => !this.#kept.has(name)).map((schema) => [schema.name, schema]));
    return [...fresh.values()].reduce((sum, schema) => sum + schemaBytes(schema), 0);
  }

  /** Durable when it resolves. */
  async keep(schemas: readonly Schema[]): Promise<void> {
    const fresh = new Map<string, Kept>();
    for (const { name, series } of schemas) if (!this.#kept.has(name)) fresh.set(name, keptOf(series));
    if (fresh.size === 0) return;
    if (!(await this.#grow(framed(fresh)))) await this.#write(new Map([...this.#kept, ...fresh]));
    for (const [name, kept] of fresh) this.#kept.set(name, kept);
    this.#bytes += framed(fresh).length;
  }

  /** Forgets those of which no record speaks, when they are many. */
  async retain(names: () => ReadonlySet<string>): Promise<void> {
    if (this.#kept.size <= SPARE) return;
    const needed = names();
    const all = [...this.#kept];
    const kept = new Map(all.filter(([name], i) => needed.has(name) || i >= all.length - SPARE));
    // Written anew when half of it is of no use: then that costs no more than it gives.
    if (kept.size > all.length / 2) return;
    try {
      await this.#write(kept);
      this.#kept = kept;
      this.#bytes = framed(kept).length;
    } catch (error) {
      this.#onFailure(error);
    }
  }

  /** False when the file must be written anew. */
  async #grow(content: Uint8Array): Promise<boolean> {
    if (!this.#isSound) return false;
    this.#isSound = false;
    try {
      const file = await this.#disk.append(FILE);
      try {
        await file.write(content);
        await file.sync();
      } finally {
        await file.close();
      }
    } catch (error) {
      if (isDiskFull(error)) throw error;
      this.#onFailure(error);
      return false;
    }
    this.#isSound = true;
    return true;
  }

  async #write(kept: ReadonlyMap<string, Kept>): Promise<void> {
    this.#isSound = false;
    await this.#disk.write(FILE, framed(kept));
    this.#isSound = true;
  }
}

function keptOf(series: Schema["series"]): Kept {
  const message = { series: series.map((each) => v1.TelemetrySeries.create(each)) };
  return { message, payload: v1.TelemetrySchema.encode(message).finish() };
}

function readable(payload: Uint8Array): readonly (readonly [name: string, kept: Kept])[] {
  try {
    const message = v1.TelemetrySchema.decode(payload);
    return [[schemaIn(message).name, { message, payload }]];
  } catch {
    // The checksum fits, so an agent of another version wrote it.
    return [];
  }
}

const framed = (kept: ReadonlyMap<string, Kept>): Uint8Array =>
  Buffer.concat([...kept.values()].map(({ payload }) => frame(payload)));

/** What a schema takes in the file and in a message, at most. */
export const schemaBytes = ({ series }: SchemaMessage | Schema): number =>
  HEADER_BYTES + series.reduce((sum, { metric, instance }) => sum + 3 * (metric.length + instance.length) + 12, 8);
