import type { CommandOutput } from "@edgemere/protocol";
import { MINUTE } from "@edgemere/protocol/kit";
import { putBytes, type Change } from "../../platform/change.ts";
import { keyOf, rangeOf } from "../../platform/keys.ts";
import type { Store } from "../../platform/store.ts";
import { outputBytesDropped, outputBytesSent } from "./command.ts";
import { command, type Command } from "./contract.ts";

/** A device may not fill our disk with one command's output, whatever limit it was given. */
export const KEPT_OUTPUT_BYTES = 16 * 1024 * 1024;
/** Output may come after the result, since results overtake it; this long after the end no more is expected. */
const OUTPUT_FOLLOWS_WITHIN = MINUTE;

const CHANNELS = ["stdout", "stderr"] as const;
type Channel = (typeof CHANNELS)[number];

interface Piece {
  readonly offset: number;
  readonly channel: Channel;
  readonly bytes: Uint8Array;
}

// A stored piece: its channel (1 byte), its position (8 bytes), and then what the command wrote.
const HEAD = 9;

export function keptOutput({ command: id, channel, offset, content }: CommandOutput): Change {
  const bytes = new Uint8Array(HEAD + content.length);
  bytes[0] = CHANNELS.indexOf(channel as Channel);
  new DataView(bytes.buffer).setFloat64(1, offset);
  bytes.set(content, HEAD);
  return putBytes(keyOf("output", id, offset), bytes);
}

const pieceOf = (value: Uint8Array): Piece => ({
  offset: new DataView(value.buffer, value.byteOffset).getFloat64(1),
  channel: CHANNELS[value[0] ?? 0] ?? "stdout",
  bytes: value.subarray(HEAD),
});

/** The stored output from a position on, about `limit` bytes of it. Text is decoded per channel, over the borders of pieces. */
export async function outputOf(
  store: Store,
  row: Command,
  { from, limit, now }: { from: number; limit: number; now: number },
) {
  const pieces: Piece[] = [];
  let size = 0;
  for await (const piece of piecesFrom(store, row.id, from)) {
    pieces.push(piece);
    size += piece.bytes.length;
    if (size >= limit) break;
  }
  const last = pieces.at(-1);
  const end = last === undefined ? from : last.offset + last.bytes.length;
  const hasAll = hasEnded(row, end, now) && end >= row.outputBytes;
  const next = hasAll ? end : beforeTorn(last, { from, end });
  const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  const chunks = pieces.map(({ offset, channel, bytes }) => ({
    offset,
    channel,
    text: decoders[channel].decode(bytes.subarray(0, next - offset), { stream: offset !== last?.offset }),
  }));
  return { chunks, next, dropped: outputBytesDropped(row), ended: hasAll };
}

/** Where to read on when the last piece ends inside a character: before it, unless nothing would be left to show. */
function beforeTorn(last: Piece | undefined, { from, end }: { from: number; end: number }): number {
  const bytes = last?.bytes ?? new Uint8Array();
  const back = [1, 2, 3].find((each) => ((bytes.at(-each) ?? 0) & 0xc0) !== 0x80) ?? 0;
  const first = back === 0 ? 0 : (bytes.at(-back) ?? 0);
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
  return length > back && end - back > from ? end - back : end;
}

async function* piecesFrom(store: Store, id: string, from: number): AsyncGenerator<Piece> {
  const { gte, lt } = rangeOf("output", id);
  const start = keyOf("output", id, from);
  // The piece that `from` lies in begins before it.
  for await (const [, value] of store.bytesBetween({ gte, lt: start, reverse: true, limit: 1 })) {
    const { offset, bytes, ...piece } = pieceOf(value);
    if (offset + bytes.length > from) yield { ...piece, offset: from, bytes: bytes.subarray(from - offset) };
  }
  for await (const [, value] of store.bytesBetween({ gte: start, lt })) yield pieceOf(value);
}

function hasEnded(row: Command, next: number, now: number): boolean {
  if (!command.life.isFinal(row.state)) return false;
  const sent = outputBytesSent(row);
  return sent === undefined || next >= sent || now - (row.finishedAt ?? 0) > OUTPUT_FOLLOWS_WITHIN;
}
