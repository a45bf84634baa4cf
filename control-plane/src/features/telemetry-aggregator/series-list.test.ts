import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { SeriesList } from "./series-list.ts";
import { SeriesLists } from "./series-lists.ts";

const listOf = (...metrics: readonly string[]): Uint8Array => {
  const list = SeriesList.of(undefined);
  for (const metric of metrics) list.keyOf({ metric, instance: "" });
  return list.bytes();
};

test("a list that is remembered says what the one that is stored says, whatever was done and whatever landed", () => {
  const lists = new SeriesLists(8);
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          device: fc.constantFrom("d1", "d2", "d3"),
          metrics: fc.array(fc.constantFrom("a", "b", "c", "d"), { maxLength: 4 }),
          hasLanded: fc.boolean(),
        }),
      ),
      (reports) => {
        const stored = new Map<string, Uint8Array>();
        for (const { device, metrics, hasLanded } of reports) {
          const [ours, plain] = [lists.of(device, stored.get(device)), SeriesList.of(stored.get(device))];
          for (const metric of metrics)
            assert.deepEqual(ours.keyOf({ metric, instance: "" }), plain.keyOf({ metric, instance: "" }));

          assert.deepEqual([ours.bytes(), ours.isChanged], [plain.bytes(), plain.isChanged]);
          assert.ok(lists.size <= 8);
          if (hasLanded) stored.set(device, ours.bytes());
        }
      },
    ),
  );
});

test("of more than there is room for those devices are forgotten that were not needed for longest", () => {
  const lists = new SeriesLists(6);
  const [ab, cd, e] = [listOf("a", "b"), listOf("c", "d"), listOf("e")];

  lists.of("d1", ab);
  lists.of("d2", cd);
  lists.of("d1", ab);
  lists.of("d3", e);

  // Two names and one, and a device for each.
  assert.equal(lists.size, 5);
});

test("devices that have the same series share one list, until the last of them has another", () => {
  const lists = new SeriesLists();
  const devices = Array.from({ length: 100 }, (_, i) => `d${i}`);
  for (const device of devices) lists.of(device, listOf("a", "b"));
  assert.equal(lists.size, 2 + devices.length);

  for (const device of devices) lists.of(device, listOf("a", "b", "c"));

  assert.equal(lists.size, 3 + devices.length);
});

test("a number is never given twice, also when names were cut out of the list", () => {
  const list = SeriesList.of(listOf("a", "b", "c")).without((number) => number === 2);

  assert.equal(list.isChanged, true);
  assert.equal(SeriesList.of(list.bytes()).keyOf({ metric: "d", instance: "" }), 3);
});
