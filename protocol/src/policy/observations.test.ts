import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { MINUTE, SECOND } from "../kit/index.ts";
import { Observations, stepOf } from "./observations.ts";

const BEGIN = 1_800_000_000_000;
const metric = "cpu.busy_percent";
const wanted = { metric, instance: undefined, span: 5 * MINUTE };
const observed = () => new Observations([metric], [wanted]);
const series = (values: readonly number[], over: { instance?: string; hold?: number } = {}) => [
  { metric, instance: "", hold: 0, values, ...over },
];
const newest = (of: Observations, from = -Infinity) => [...of.newest(metric, from)];

test("the newest value is the one that was measured last, in whatever order they come", () => {
  const of = observed();
  of.take([BEGIN + SECOND], series([2]), BEGIN + MINUTE);
  of.take([BEGIN], series([1]), BEGIN + MINUTE);

  assert.deepEqual([newest(of), of.newestAt([metric])], [[["", 2]], BEGIN + SECOND]);
  assert.deepEqual(newest(of, BEGIN + 2 * SECOND), []);
});

test("what a device says of the future is taken to be of now", () => {
  const of = observed();
  of.take([BEGIN + MINUTE], series([2]), BEGIN);

  assert.equal(of.newestAt([metric]), BEGIN);
});

test("a value stands in rows that have none, for as long as its device said", () => {
  const of = observed();
  of.take([BEGIN], series([2], { hold: 30 * SECOND }), BEGIN);
  const again = of.take([BEGIN + 20 * SECOND], [], BEGIN + 20 * SECOND);
  const past = of.take([BEGIN + 40 * SECOND], [], BEGIN + 40 * SECOND);

  assert.deepEqual([[...again], [...past]], [[metric], []]);
  assert.deepEqual(of.window(wanted, BEGIN + 40 * SECOND), { count: 2, sum: 4, min: 2, max: 2 });
  assert.equal(of.newestAt([metric]), BEGIN);
});

test("what nobody looks at is not taken in", () => {
  const of = observed();

  assert.deepEqual([...of.take([BEGIN], [{ ...series([1])[0], metric: "load" } as never], BEGIN)], []);
  assert.deepEqual([...of.newest("load", 0)], []);
});

const samples = fc.array(
  fc.record({ ago: fc.integer({ min: 0, max: 700 }), value: fc.double({ min: -1e6, max: 1e6, noNaN: true }) }),
  { maxLength: 60 },
);

test("a window holds the samples of its span, to a step of it, in whatever order they come", () => {
  fc.assert(
    fc.property(samples, (all) => {
      const of = observed();
      const step = stepOf(wanted.span);
      for (const { ago, value } of all.toSorted((a, b) => b.ago - a.ago))
        of.take([BEGIN - ago * SECOND], series([value]), BEGIN);

      const window = of.window(wanted, BEGIN);

      const first = Math.floor(BEGIN / step) - wanted.span / step;
      const inside = all
        .filter(({ ago }) => Math.floor((BEGIN - ago * SECOND) / step) > first)
        .map(({ value }) => value);
      assert.equal(window?.count, inside.length);
      assert.equal(window?.min, Math.min(...inside));
      assert.equal(window?.max, Math.max(...inside));
      const sum = inside.reduce((total, each) => total + each, 0);
      assert.ok(Math.abs((window?.sum ?? NaN) - sum) <= 1e-6 * Math.max(1, ...inside.map(Math.abs)));
    }),
  );
});
