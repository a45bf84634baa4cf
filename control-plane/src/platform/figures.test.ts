import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Counter, Durations, gauge } from "./figures.ts";

test("a counter counts each combination of labels for itself", () => {
  const counter = new Counter({ name: "asked", help: "Asked" }, ["who", "how"]);
  counter.add(["ann", "rest"]);
  counter.add(["ann", "rest"], 2);
  counter.add(["ann", "cli"]);

  assert.deepEqual(counter.figure(), {
    name: "asked",
    help: "Asked",
    type: "counter",
    samples: [
      { suffix: "_total", labels: { who: "ann", how: "rest" }, value: 3 },
      { suffix: "_total", labels: { who: "ann", how: "cli" }, value: 1 },
    ],
  });
});

test("the buckets of durations never fall, and the last has all of them", () => {
  const seconds = fc.array(fc.double({ min: 0, max: 100, noNaN: true }), { minLength: 1, maxLength: 50 });
  fc.assert(
    fc.property(seconds, (observed) => {
      const durations = new Durations({ name: "took", help: "Took" });
      for (const each of observed) durations.observe(each);
      const { samples } = durations.figure();
      const buckets = samples.filter(({ suffix }) => suffix === "_bucket");
      const bounds = buckets.map(({ labels }) => (labels["le"] === "+Inf" ? Infinity : Number(labels["le"])));

      assert.deepEqual(
        buckets.map(({ value }) => value),
        bounds.map((bound) => observed.filter((each) => each <= bound).length),
      );
      assert.equal(samples.find(({ suffix }) => suffix === "_count")?.value, observed.length);
      assert.equal(bounds.at(-1), Infinity);
    }),
  );
});

test("a gauge tells what it is given, and nothing when there is nothing", () => {
  assert.deepEqual(gauge({ name: "now", help: "Now" }, []).samples, []);
  assert.deepEqual(gauge({ name: "now", help: "Now" }, [[{ a: "b" }, 7]]).samples, [
    { suffix: "", labels: { a: "b" }, value: 7 },
  ]);
});
