import assert from "node:assert/strict";
import { test } from "node:test";
import { v1 } from "@edgemere/protocol";
import * as fc from "fast-check";
import { readEntries, writeEntries, type JournalEntry } from "./journal-entry.ts";
import { chunksOf } from "./output.ts";
import { finalReport, readReport } from "./report.ts";
import { SequenceWindow } from "./sequence-window.ts";

const entries: readonly JournalEntry[] = [
  { entry: "seen", floor: 4, above: [6] },
  { entry: "started", id: "c7" },
  { entry: "reported", id: "c7" },
];

test("a journal that is cut anywhere gives back its first entries and is not taken for damaged", () => {
  const content = writeEntries(entries);

  fc.assert(
    fc.property(fc.nat(content.length), (size) => {
      const { entries: read, damagedLines } = readEntries(content.subarray(0, size));
      assert.deepEqual(read, entries.slice(0, read.length));
      assert.equal(damagedLines, 0);
    }),
  );
});

test("a journal with any other byte in a line is damaged, and its other lines are read", () => {
  const content = writeEntries(entries);
  const end = content.indexOf(10);

  fc.assert(
    fc.property(fc.nat(end - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const other = content.slice();
      other[at] = (other[at] ?? 0) ^ change;
      const { entries: read, damagedLines } = readEntries(other);
      assert.ok(damagedLines > 0);
      assert.deepEqual(read, entries.slice(1));
    }),
  );
});

test("a sequence number is seen once it came, or once numbers far above it came", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 3_000 }), { maxLength: 60 }), (numbers) => {
      const window = new SequenceWindow();
      for (const number of numbers) window.add(number);
      const highest = Math.max(0, ...numbers);
      assert.equal(window.highest, highest);
      assert.ok(numbers.every((number) => window.has(number)));
      const others = Array.from({ length: 1_000 }, (_, i) => highest - i).filter((n) => n > 0 && !numbers.includes(n));
      assert.ok(others.every((number) => !window.has(number)));
      const copy = new SequenceWindow(window.floor, window.above);
      assert.equal(copy.highest, highest);
    }),
  );
});

test("output is joined by channel, kept in order, and cut where no character is torn", () => {
  const euros = Buffer.from("€".repeat(20_000));
  const chunks = chunksOf([
    { channel: "stdout", bytes: Buffer.from("a") },
    { channel: "stdout", bytes: euros },
    { channel: "stderr", bytes: Buffer.from("oops") },
  ]);

  assert.ok(chunks.every(({ bytes }) => bytes.length <= 16 * 1024));
  assert.ok(chunks.every(({ bytes }) => !Buffer.from(bytes).toString().includes("\uFFFD")));
  assert.deepEqual(chunks.map(({ channel }) => channel).slice(-2), ["stdout", "stderr"]);
  assert.equal(Buffer.concat(chunks.slice(0, -1).map(({ bytes }) => bytes)).toString(), `a${"€".repeat(20_000)}`);
});

test("bytes that are no text are cut to size all the same", () => {
  const chunks = chunksOf([{ channel: "stdout", bytes: new Uint8Array(40_000).fill(0x80) }]);

  assert.equal(
    chunks.reduce((sum, { bytes }) => sum + bytes.length, 0),
    40_000,
  );
  assert.ok(chunks.every(({ bytes }) => bytes.length > 0 && bytes.length <= 16 * 1024));
});

test("a report whose words were cut in the middle of a character can be read", () => {
  const report = finalReport("c1", { phase: "failed", reason: "failed", detail: `${"a".repeat(4_095)}😀` }, 1);

  const read = readReport(v1.CommandReport.encode(report).finish());

  assert.equal(read.detail, "a".repeat(4_095));
});
