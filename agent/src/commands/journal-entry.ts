import { crc32 } from "node:zlib";

/**
 * One line of the journal. A command goes `received` → `started` → `ended` → `reported`, and each word is on the disk
 * before what it allows: the receipt, the effect, the report. Bytes are base64.
 */
export type JournalEntry =
  /** `command` is the Command as it was signed. */
  | { readonly entry: "received"; readonly command: string }
  /** `mark`: how things were before the effect, for a kind that can tell from it whether it took effect. */
  | { readonly entry: "started"; readonly id: string; readonly mark?: string }
  /** Stands for itself: whatever was written of this command before is no longer needed. `report` is the final CommandReport. */
  | {
      readonly entry: "ended";
      readonly id: string;
      readonly sequence: number;
      readonly expiresAt: number;
      readonly report: string;
    }
  /** The report is in the spool, which delivers it or tells of its loss. */
  | { readonly entry: "reported"; readonly id: string }
  /** Which sequence numbers have come: all up to `floor`, and those of `above`. */
  | { readonly entry: "seen"; readonly floor: number; readonly above: readonly number[] }
  /** The highest life of the control plane that spoke. Of commands issued up to `doubtedUntil`, by its clock, some may be missing here. */
  | { readonly entry: "heard"; readonly generation: number; readonly doubtedUntil: number };

/** `<crc32, 8 hex digits> <JSON>` and a line feed. */
export function writeEntries(entries: readonly JournalEntry[]): Uint8Array {
  const lines = entries.map((entry) => {
    const text = JSON.stringify(entry);
    return `${checksum(text)} ${text}\n`;
  });
  return Buffer.from(lines.join(""));
}

export interface JournalReading {
  readonly entries: readonly JournalEntry[];
  /** Lines that are wrong: not a write that was cut off, but damage. */
  readonly damagedLines: number;
}

/** Reads what can be read. A last line without its end is a write that nobody was told of: it is left out. */
export function readEntries(content: Uint8Array): JournalReading {
  const lines = Buffer.from(content).toString().split("\n");
  const last = lines.pop() ?? "";
  const read = lines.map(readLine);
  const entries = read.filter((entry) => entry !== undefined);
  // No write that was cut off has more than its line: that is a line feed which became another byte.
  const isTailDamaged = readLine(last.slice(0, -1)) !== undefined;
  return { entries, damagedLines: read.length - entries.length + (isTailDamaged ? 1 : 0) };
}

function readLine(line: string): JournalEntry | undefined {
  const text = line.slice(9);
  if (!line.startsWith(`${checksum(text)} `)) return undefined;
  try {
    return JSON.parse(text) as JournalEntry;
  } catch {
    // Damage whose checksum fits by chance.
    return undefined;
  }
}

const checksum = (text: string) => crc32(text).toString(16).padStart(8, "0");
