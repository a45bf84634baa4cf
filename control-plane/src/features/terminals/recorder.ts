import { chainedRecording, RECORDING_ROOT, TerminalRecording } from "@edgemere/protocol";
import type { Clock } from "@edgemere/protocol/kit";
import { created, moved, putBytes } from "../../platform/change.ts";
import { keyOf, rangeOf } from "../../platform/keys.ts";
import type { Draft } from "../../platform/resource.ts";
import type { Store } from "../../platform/store.ts";
import { recording, type RecordingRow } from "./contract.ts";

/** Of one terminal no more is kept, and so no more is shown. */
const LARGEST_RECORDING = 64 * 1024 ** 2;

// A stored chunk: the head of the chain after it (32 bytes), and its lines.
const HEAD = 32;
const TABLE = "recordedlines";
const linesKey = (id: string, chunk: number): string => keyOf(TABLE, id, chunk);

/** Where all of its lines are. */
export const linesOf = (id: string): ReturnType<typeof rangeOf> => rangeOf(TABLE, id);

/** Some lines of a recording, and the head of the chain that was written with them. */
export interface RecordedChunk {
  readonly head: string;
  readonly lines: string;
}

/** The chunks of a recording from one on, in order. */
export async function* chunksOf(store: Store, id: string, from = 0): AsyncGenerator<RecordedChunk> {
  const { lt } = linesOf(id);
  for await (const [, bytes] of store.bytesBetween({ gte: linesKey(id, from), lt })) {
    const stored = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    yield { head: stored.subarray(0, HEAD).toString("hex"), lines: stored.subarray(HEAD).toString() };
  }
}

type Begin = Pick<Draft<typeof recording>, "job" | "device" | "author" | "reason" | "columns" | "rows">;

/** Writes down one terminal: each line is on the disk when its promise resolves, and only then it may be shown. */
export class Recorder {
  readonly #id: string;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #recording: TerminalRecording;
  #head = RECORDING_ROOT;
  #chunks = 0;
  #bytes = 0;

  constructor(
    id: string,
    recorded: TerminalRecording,
    { store, clock }: { readonly store: Store; readonly clock: Clock },
  ) {
    this.#id = id;
    this.#recording = recorded;
    this.#store = store;
    this.#clock = clock;
  }

  static async begin(
    id: string,
    begin: Begin,
    around: { readonly store: Store; readonly clock: Clock },
  ): Promise<Recorder> {
    const { clock, store } = around;
    const { columns, rows, reason: title } = begin;
    const recorded = new TerminalRecording({ columns, rows, title, startedAt: clock.now() }, clock.monotonic());
    const recorder = new Recorder(id, recorded, around);
    const empty = { endReason: "", detail: "", bytes: 0, chunks: 0, head: "", shownHash: "" };
    await store.commit(created(recording, id, { ...begin, ...empty }));
    await recorder.#write(recorded.head);
    return recorder;
  }

  get isFull(): boolean {
    return this.#bytes >= LARGEST_RECORDING;
  }

  output(bytes: Uint8Array): Promise<void> {
    return this.#write(this.#recording.output(bytes, this.#clock.monotonic()));
  }

  size(size: { readonly columns: number; readonly rows: number }): Promise<void> {
    return this.#write(this.#recording.size(size, this.#clock.monotonic()));
  }

  /** Ends it with a reason; a code or nothing, and words. */
  async end({ reason, detail }: { readonly reason: string; readonly detail: string }): Promise<void> {
    await this.#write(this.#recording.end(reason || detail || "it has ended", this.#clock.monotonic()));
    const row = await this.#store.get(recording, this.#id);
    if (row === undefined) return;
    const shownHash = this.#recording.shownHash().toString("hex");
    const figures = { bytes: this.#bytes, chunks: this.#chunks, head: this.#head, shownHash };
    await this.#store.commit(
      moved(recording, row, "complete", { endedAt: this.#clock.now(), endReason: reason, detail, ...figures }),
    );
  }

  async #write(lines: string): Promise<void> {
    if (lines === "") return;
    this.#head = chainedRecording(this.#head, lines);
    const chunk = this.#chunks++;
    this.#bytes += Buffer.byteLength(lines);
    await this.#store.commit(
      putBytes(linesKey(this.#id, chunk), Buffer.concat([Buffer.from(this.#head, "hex"), Buffer.from(lines)])),
    );
  }
}

/** Ends a recording that nobody ends any more: as far as it was written. */
export async function cutOff(
  row: RecordingRow,
  { store, clock }: { readonly store: Store; readonly clock: Clock },
): Promise<void> {
  let [chunks, bytes, head] = [0, 0, ""];
  for await (const chunk of chunksOf(store, row.id)) {
    chunks++;
    bytes += Buffer.byteLength(chunk.lines);
    head = chunk.head;
  }
  const end = {
    endedAt: clock.now(),
    endReason: "control-plane-stopped",
    detail: "the control plane stopped while it was open",
  };
  await store.commit(moved(recording, row, "cut", { ...end, chunks, bytes, head }));
}
