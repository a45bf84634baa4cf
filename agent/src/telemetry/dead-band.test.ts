import assert from "node:assert/strict";
import { test } from "node:test";
import { MINUTE } from "@edgemere/protocol/kit";
import fc from "fast-check";
import { DeadBands, fits, type DeadBand } from "./dead-band.ts";

const celsius = (value: number, instance = "cpu") => ({ metric: "temperature.celsius", instance, value });
const aBand = (more: Partial<DeadBand> = {}): DeadBand => ({
  metric: "temperature.celsius",
  change: 0.5,
  isShare: false,
  atLeastEvery: 10 * MINUTE,
  ...more,
});
/** With the promise of such a band. */
const held = (reading: ReturnType<typeof celsius>) => ({ ...reading, holdMs: 10 * MINUTE });
/** Which of these values, one a minute, are sent. */
const sentOf = (band: DeadBand, values: readonly number[]) => {
  const bands = new DeadBands([band]);
  return values.filter((value, minute) => bands.filter([celsius(value)], minute * MINUTE).length > 0);
};

test("a value is sent when it moved by more than the band since it was last sent, not since it was last seen", () => {
  assert.deepEqual(sentOf(aBand(), [40, 40.3, 40.5, 40.6, 40.2, 40]), [40, 40.6, 40]);
});

test("a band may be a share of the value that was sent", () => {
  assert.deepEqual(sentOf(aBand({ change: 10, isShare: true }), [100, 110, 111, 101, 0, 0.1]), [100, 111, 0, 0.1]);
});

test("a band of nothing sends every change and nothing else", () => {
  assert.deepEqual(sentOf(aBand({ change: 0 }), [1, 1, 2, 2, 1]), [1, 2, 1]);
});

test("a value that stands is sent again after its time", () => {
  const values = Array.from({ length: 21 }, (_, i) => 40 + i / 1e6);

  assert.deepEqual(sentOf(aBand(), values), [values[0], values[10], values[20]]);
});

test("each series has a band of its own, the first that fits counts, and what has none is always sent", () => {
  const bands = new DeadBands([aBand({ metric: "temperature.*", change: 100 }), aBand({ change: 0 })]);
  const load = { metric: "load.average_1m", instance: "", value: 1 };
  const readings = [celsius(40), celsius(40, "disk"), { ...celsius(50), metric: "temperature.celsius:max" }, load];

  const sent = [...readings.slice(0, 3).map(held), load];
  assert.deepEqual(bands.filter(readings, 0), sent);
  const later = bands.filter([celsius(60), celsius(140.1, "disk"), load], MINUTE);
  assert.deepEqual(later, [held(celsius(140.1, "disk")), load]);
});

test("what is believed of a series is never further from it than the band, and never older than its time", () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: -1e9, max: 1e9, noNaN: true }), { maxLength: 50 }), (values) => {
      const band = aBand({ change: 7 });
      const bands = new DeadBands([band]);
      let believed = { value: NaN, at: -Infinity };
      for (const [i, value] of values.entries()) {
        const at = i * MINUTE;
        const [sent] = bands.filter([celsius(value)], at);
        if (sent !== undefined) believed = { value, at };
        assert.ok(Math.abs(believed.value - value) <= band.change);
        // What is promised to a reader is kept.
        assert.ok(at - believed.at < (sent?.holdMs ?? band.atLeastEvery));
      }
    }),
  );
});

test("ten thousand series that come and go are no more than a thousand to remember, and all of them are sent", () => {
  const bands = new DeadBands([aBand({ metric: "*" })]);
  const readings = Array.from({ length: 10_000 }, (_, i) => celsius(1, String(i)));

  assert.equal(bands.filter(readings, 0).length, 10_000);
  assert.equal(bands.filter(readings.slice(-1_000), 1).length, 0);
  assert.equal(bands.filter(readings.slice(0, 1), 2).length, 1);
});

test("a pattern ends in a star or is the whole name", () => {
  const table = [
    ["*", "anything", true],
    ["memory.*", "memory.used_bytes", true],
    ["memory.*", "memory", false],
    ["memory", "memory.used_bytes", false],
    ["a.*b", "a.xb", false],
  ] as const;

  for (const [pattern, name, expected] of table) assert.equal(fits(pattern, name), expected, `${pattern} ${name}`);
});
