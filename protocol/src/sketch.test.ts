import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { quantileWithin, RELATIVE_ERROR, Sketch } from "./sketch.ts";

const sketchOf = (values: readonly number[]): Sketch => {
  const sketch = new Sketch();
  for (const each of values) sketch.add(each);
  return sketch;
};

const shares = [0, 0.5, 0.9, 0.95, 0.99, 1];
const isWithin = (value: number, exact: number) =>
  Math.abs(value - exact) <= Math.abs(exact) * RELATIVE_ERROR * (1 + 1e-9);
/** Positive, negative and zero, of the sizes that metrics have. */
const someValue = fc.oneof(
  fc.double({ min: -1e6, max: 1e6, noNaN: true }).filter((value) => value === 0 || Math.abs(value) > 1e-6),
  fc.constantFrom(0, -0, 1, -1, 100, 1e12, 0.001),
);

test("a quantile is within one percent of the value that stands there", () => {
  fc.assert(
    fc.property(fc.array(someValue, { minLength: 1, maxLength: 300 }), (values) => {
      const sketch = sketchOf(values);
      const ordered = values.toSorted((a, b) => a - b);

      for (const share of shares) {
        const exact = ordered[Math.floor(share * (values.length - 1))] ?? NaN;
        assert.ok(isWithin(sketch.quantile(share), exact), `${share}: ${sketch.quantile(share)} for ${exact}`);
      }
    }),
  );
});

test("where the extremes are known a quantile is not beyond them, and as near to the value that stands there", () => {
  fc.assert(
    fc.property(fc.array(someValue, { minLength: 1, maxLength: 300 }), (values) => {
      const ordered = values.toSorted((a, b) => a - b);
      const [least = NaN, largest = NaN] = [ordered[0], ordered.at(-1)];

      for (const share of shares) {
        const exact = ordered[Math.floor(share * (values.length - 1))] ?? NaN;
        const told = quantileWithin(sketchOf(values), share, least, largest);
        assert.ok(told >= least && told <= largest && isWithin(told, exact), `${share}: ${told} for ${exact}`);
      }
    }),
  );
});

test("merged sketches are the sketch of all values", () => {
  fc.assert(
    fc.property(fc.array(fc.array(someValue, { maxLength: 50 }), { maxLength: 6 }), (parts) => {
      const merged = new Sketch();
      for (const part of parts) merged.merge(sketchOf(part));

      const whole = sketchOf(parts.flat());
      assert.equal(merged.count, whole.count);
      assert.deepEqual(
        shares.map((share) => merged.quantile(share)),
        shares.map((share) => whole.quantile(share)),
      );
    }),
  );
});

test("a sketch of nothing has no quantiles", () => {
  assert.ok(Number.isNaN(new Sketch().quantile(0.5)));
});

test("absurd numbers cost neither memory nor the precision of the largest", () => {
  const decades = Array.from({ length: 60_000 }, (_, i) => 10 ** (-300 + i / 100));
  const values = [...decades, ...decades.map((value) => -value)];
  const sketch = sketchOf(values.filter((value) => Number.isFinite(value)));

  const finite = values.filter((value) => Number.isFinite(value)).toSorted((a, b) => a - b);
  assert.ok(isWithin(sketch.quantile(1), finite.at(-1) ?? NaN));
  assert.ok(isWithin(sketch.quantile(0), finite[0] ?? NaN));
  assert.ok(Object.is(sketch.quantile(0.5), 0));
});
