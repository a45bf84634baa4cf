import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { dragged, fieldInstant, fieldText, isLive, LASTS, panned, rangeIn, withRange, zoomed } from "./chart-range.ts";

const noon = Date.UTC(2026, 5, 1, 12);
const intervals = fc
  .tuple(
    fc.integer({ min: Date.UTC(2010, 0), max: Date.UTC(2060, 0) }),
    fc.integer({ min: 5_000, max: 30 * 86_400_000 }),
  )
  .map(([from, width]) => ({ from, to: from + width }));
const ranges = fc.oneof(
  intervals,
  fc.constantFrom(...LASTS).map(({ last }) => ({ last })),
);

test("a range that was written into an address is read from it again, beside whatever else stands there", () => {
  fc.assert(
    fc.property(ranges, ranges, (before, range) => {
      const address = withRange(withRange(new URLSearchParams("zone=utc&selector=a%3Db"), before), range);

      assert.deepEqual(rangeIn(new URLSearchParams(address.toString())), range);
      assert.equal(address.get("selector"), "a=b");
    }),
  );
});

test("an address that speaks of no range that can be shown gives none, whatever it says", () => {
  const wrong = [
    "",
    "last=2y",
    "from=2026-01-01T00:00:00Z",
    "from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z",
    "from=1970-01-01T00:00:00Z&to=1970-01-02T00:00:00Z",
    "from=+275760-09-13T00:00:00Z&to=+275760-09-14T00:00:00Z",
    "from=5&to=6",
    "from=2001-01-01T00:00:00Z&to=2099-01-01T00:00:00Z",
  ];
  for (const address of wrong) assert.equal(rangeIn(new URLSearchParams(address)), undefined, address);
  fc.assert(
    fc.property(fc.string(), fc.string(), (from, to) => {
      const range = rangeIn(new URLSearchParams({ from, to }));
      assert.ok(range === undefined || (!isLive(range) && range.to > range.from));
    }),
  );
});

test("zooming in and out again comes back, and what the pointer is at stays under it", () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  const wide = intervals.filter(({ from, to }) => to - from > 20_000);
  fc.assert(
    fc.property(wide, share, (interval, at) => {
      const near = zoomed(interval, 0.5, at);
      const back = zoomed(near, 2, at);
      const instant = (each: typeof interval) => each.from + (each.to - each.from) * at;

      assert.ok(Math.abs(instant(near) - instant(interval)) <= 2);
      assert.ok(Math.abs(back.from - interval.from) <= 3 && Math.abs(back.to - interval.to) <= 3);
    }),
  );
});

test("panning keeps the width, and one finger pans by what it moves", () => {
  fc.assert(
    fc.property(intervals, fc.double({ min: -1, max: 1, noNaN: true }), (interval, share) => {
      const { from, to } = panned(interval, share);

      assert.equal(to - from, interval.to - interval.from);
      assert.deepEqual(dragged(interval, [0.5], [0.5 - share]), panned(interval, 0.5 - (0.5 - share)));
    }),
  );
});

test("two fingers stretch what is between them and carry it along", () => {
  const hour = { from: noon, to: noon + 3_600_000 };

  assert.deepEqual(dragged(hour, [0.4, 0.6], [0.3, 0.7]), { from: noon + 900_000, to: noon + 2_700_000 });
  assert.deepEqual(dragged(hour, [0.4, 0.6], [0.5, 0.7]), { from: noon - 360_000, to: noon + 3_240_000 });
});

test("however far somebody zooms or pans, what is shown is an interval that can be asked for and linked to", () => {
  const move = fc.oneof(
    fc.record({ factor: fc.double({ min: 1e-9, max: 1e9, noNaN: true }) }),
    fc.record({ share: fc.double({ min: -1e6, max: 1e6, noNaN: true }) }),
  );
  fc.assert(
    fc.property(intervals, fc.array(move, { maxLength: 20 }), (interval, moves) => {
      const end = moves.reduce(
        (each, by) => ("factor" in by ? zoomed(each, by.factor) : panned(each, by.share)),
        interval,
      );

      assert.deepEqual(rangeIn(withRange(new URLSearchParams(), end)), end);
    }),
  );
});

test("a field for date and time says the instant again that was put into it, to the second", () => {
  fc.assert(
    fc.property(intervals, ({ from }) => {
      assert.equal(fieldInstant(fieldText(from, true), true), from - (from % 1_000));
    }),
  );
  assert.equal(fieldInstant(fieldText(noon, false), false), noon);
  assert.equal(fieldText(noon, true), "2026-06-01T12:00:00");
  assert.equal(fieldInstant("", true), undefined);
  assert.equal(fieldInstant("yesterday", false), undefined);
});
