import assert from "node:assert/strict";
import { samplesOf, schemaIn, type GivenSamples, type Samples, type StreamName } from "@edgemere/protocol";
import { silentLog, type Appender, type Disk } from "@edgemere/protocol/kit";
import { ManualClock, seededRandom, SimulatedDisk } from "@edgemere/protocol/simulated";
import type { SchemaMessage } from "./kept-schemas.ts";
import type { SpoolParts } from "./spool-parts.ts";
import { Spool } from "./spool.ts";

export const KIBIBYTE = 1024;
export const MEBIBYTE = 1024 * KIBIBYTE;
export const everything = { bytes: Infinity, records: Infinity };

interface OpenOptions extends Omit<Partial<SpoolParts>, "env"> {
  readonly clock?: ManualClock;
}

export const openSpool = (disk: Disk, { clock = new ManualClock(), ...options }: OpenOptions = {}): Promise<Spool> =>
  Spool.open({ env: { clock, random: seededRandom(1), disk, log: silentLog }, maxBytes: 16 * MEBIBYTE, ...options });

const PAYLOAD = "#".repeat(4_000);

/** A body that the stream carries, of about so many bytes, that tells its name. */
export function aBody(stream: StreamName, name: string, bytes = 10) {
  const detail = `${name} ${PAYLOAD.slice(0, bytes)}`;
  if (stream === "event") return { agentEvent: { name: "test", detail } };
  if (stream === "log")
    return { commandOutput: { command: name, channel: "stdout", offset: 0, content: new Uint8Array(bytes) } };
  if (stream === "telemetry") return { telemetry: samplesNamed(name, bytes) };
  return { commandReport: { command: name, phase: 1, detail: PAYLOAD.slice(0, bytes) } };
}

/** The letters of a name in one column, and in another what no codec makes smaller. */
function samplesNamed(name: string, bytes: number): GivenSamples {
  const rows = Array.from({ length: Math.max(name.length, Math.ceil(bytes / 8)) }, (_, row) => row);
  return {
    baseMs: 0,
    offsetMs: rows,
    series: [
      { metric: "name", values: rows.map((row) => (row < name.length ? name.charCodeAt(row) : NaN)) },
      { metric: "filling", values: rows.map((row) => Math.sin(row + 1)) },
    ],
  };
}

/** What a control plane makes of a stream: each record must follow the one before, and is stored once. */
export class Receiver {
  readonly names: string[] = [];
  readonly reasons = new Set<string>();
  upTo = 0;
  explained = 0;
  /** Whether one of the gaps gave a bound instead of a count. */
  hasEstimates = false;

  async drain(spool: Spool, stream: StreamName): Promise<void> {
    let from = Math.max(spool.position(stream).firstUnacknowledged, this.upTo + 1);
    for (;;) {
      const records = await spool.read(stream, from, { bytes: 2_000, records: 7 });
      for (const { first, last, record, schema } of records) {
        assert.ok(first <= this.upTo + 1, `${stream}: number ${this.upTo + 1} is missing before ${first}`);
        if (record.body === "gap") {
          assert.equal(record.gap.records, last - first + 1);
          this.explained += last - this.upTo;
          this.reasons.add(record.gap.reason);
          this.hasEstimates ||= record.gap.estimated;
        } else this.names.push(nameOf(record, spool.schema(schema ?? "")));
        this.upTo = last;
      }
      if (records.length === 0) break;
      from = this.upTo + 1;
    }
    assert.equal(this.upTo, Math.max(this.upTo, spool.position(stream).next - 1));
    assert.equal(this.names.length + this.explained, this.upTo, `${stream}: received + explained = produced`);
  }
}

type Received = Awaited<ReturnType<Spool["read"]>>[number]["record"];

function nameOf(record: Received, schema: SchemaMessage | undefined): string {
  if (record.body === "telemetry") return lettersIn(samplesOf(record, schemaIn(schema ?? {})));
  const { agentEvent, commandOutput, commandReport } = record;
  return commandOutput?.command ?? commandReport?.command ?? (agentEvent?.detail ?? "").split(" ")[0] ?? "";
}

const lettersIn = ({ series }: Samples): string =>
  String.fromCharCode(...(series[0]?.values ?? []).filter((code) => !Number.isNaN(code)));

/** What an operating system says when there is no room, or when the disk is broken. */
export const diskError = (code: "ENOSPC" | "EIO"): Error => Object.assign(new Error(`simulated ${code}`), { code });

/** A disk on which changes fail as long as somebody wants it, and the way a real one does: a failed change may have taken place. */
export class TroubledDisk extends SimulatedDisk {
  /** Decides about each change of the disk. */
  trouble: (change: "write" | "append" | "sync" | "remove", path: string) => Error | undefined = () => undefined;
  /** Most bytes there ever were. */
  peak = 0;

  override async write(path: string, content: Uint8Array): Promise<void> {
    const error = this.trouble("write", path);
    // The old content stays until the new one is whole.
    this.peak = Math.max(this.peak, (await this.#used()) + content.length);
    if (error === undefined || isAfterTheFact(error)) await super.write(path, content);
    if (error !== undefined) throw error;
  }

  override async append(path: string): Promise<Appender> {
    const file = await super.append(path);
    const write = async (content: Uint8Array) => {
      const error = this.trouble("append", path);
      await file.write(error === undefined ? content : content.subarray(0, content.length / 2));
      this.peak = Math.max(this.peak, await this.#used());
      if (error !== undefined) throw error;
    };
    const sync = async () => {
      const error = this.trouble("sync", path);
      if (error !== undefined) throw error;
      await file.sync();
    };
    return { write, sync, close: () => file.close(), size: file.size };
  }

  override async remove(path: string): Promise<void> {
    const error = this.trouble("remove", path);
    // Removing needs no room.
    if (error !== undefined && isAfterTheFact(error)) throw error;
    await super.remove(path);
  }

  async #used(): Promise<number> {
    const { freeBytes, totalBytes } = await this.space();
    return totalBytes - freeBytes;
  }
}

const isAfterTheFact = (error: Error): boolean => "code" in error && error.code === "EIO";

/** A copy of what the disk's `spool` holds, so that each trial damages its own. */
export async function copyOf(disk: Disk, change: (path: string, content: Uint8Array) => Uint8Array = (_, c) => c) {
  const copy = new SimulatedDisk();
  for (const path of await spoolFiles(disk))
    await copy.write(path, change(path, (await disk.read(path)) ?? new Uint8Array()));
  return copy;
}

export async function spoolFiles(disk: Disk): Promise<readonly string[]> {
  const folders = ["spool", ...["result", "event", "telemetry", "log", "damaged"].map((name) => `spool/${name}`)];
  const lists = folders.map(async (folder) => (await disk.list(folder)).map((name) => `${folder}/${name}`));
  return (await Promise.all(lists)).flat();
}
