import assert from "node:assert/strict";
import { test } from "node:test";
import { HOUR, MINUTE } from "@edgemere/protocol/kit";
import { ChainedArrivals } from "./chained-arrivals.ts";
import { aParent, aReport, bytesOf, minutes, NOW, tell, THIS_HOUR, type Report } from "./hostile-child.test-support.ts";

const version = (number: number) => `000001.${String(NOW).padStart(16, "0")}.${String(number).padStart(8, "0")}`;
const hourOf = (number: number, windows: string, over: Partial<Report> = {}) =>
  aReport({ version: version(number), windows, ...over });
const told = (arrivals: ChainedArrivals) =>
  arrivals
    .take(100)
    .flatMap(({ device, child, series }) =>
      series.map(({ metric, instance, at, value }) => [
        device,
        child,
        `${metric} ${instance}`,
        ...at.map((each, row) => [(each - THIS_HOUR) / MINUTE, value[row]].join(" ")),
      ]),
    );

test("who hears samples as they come hears each minute that a child tells of once, and again when it is another", async () => {
  const chainedArrivals = new ChainedArrivals();
  await using world = await aParent(2, { chainedArrivals });
  const heard = [told(chainedArrivals)];
  const eth = (minute: number) => minutes([5], { minute, instance: "eth0" });
  for (const [number, windows] of [
    [1, bytesOf({ load: [minutes([1])], rate: [eth(2)] })],
    [1, bytesOf({ load: [minutes([9])] })],
    [2, bytesOf({ load: [minutes([1])], rate: [eth(3)] })],
    [3, bytesOf({ load: [minutes([7])] })],
  ] as const) {
    await tell(world, [hourOf(number, windows)], "token:t1", heard.length === 1 ? "" : "1");
    heard.push(told(chainedArrivals));
  }

  assert.deepEqual(heard, [
    [],
    [
      ["edge/d1", "Edge", "load ", "0 1"],
      ["edge/d1", "Edge", "rate eth0", "2 5"],
    ],
    [],
    [["edge/d1", "Edge", "rate eth0", "3 5"]],
    [["edge/d1", "Edge", "load ", "0 7"]],
  ]);
});

test("hours of one report are heard one after the other, what was long ago too, and nothing of what was refused", async () => {
  const chainedArrivals = new ChainedArrivals();
  await using world = await aParent(1, { chainedArrivals });
  chainedArrivals.take(1);
  const before = THIS_HOUR - 30 * HOUR;
  await tell(world, [
    hourOf(1, bytesOf({ load: [minutes([1])] })),
    hourOf(1, bytesOf({ load: [minutes([2], { hour: before })] }), { hour: before }),
    hourOf(1, bytesOf({ load: [minutes([3])] }), { device: "one-too-many" }),
  ]);

  assert.deepEqual(told(chainedArrivals), [
    ["edge/d1", "Edge", "load ", "0 1"],
    ["edge/d1", "Edge", "load ", "-1800 2"],
  ]);
});

test("while nobody listens nothing is kept, and a child that tells more than is taken away costs no other anything", async () => {
  const chainedArrivals = new ChainedArrivals(3);
  await using world = await aParent(5, { chainedArrivals });
  const both = bytesOf({ a: [minutes([1])], b: [minutes([1])] });
  const devices = ["d1", "d2", "d3"];
  await tell(world, [hourOf(1, both)]);
  assert.deepEqual(told(chainedArrivals), []);

  await tell(
    world,
    devices.map((device) => hourOf(2, both, { device, origin: "evil" })),
    "token:t2",
  );
  await tell(world, [hourOf(2, both, { device: "d2" })], "token:t1", "1");
  const leftOut = chainedArrivals
    .figures()
    .flatMap(({ samples }) => samples.map(({ labels, value }) => [labels, value]));

  assert.deepEqual(
    told(chainedArrivals).map(([device, , metric]) => [device, metric]),
    [
      ["evil/d1", "a "],
      ["evil/d1", "b "],
      ["edge/d2", "a "],
      ["edge/d2", "b "],
    ],
  );
  assert.deepEqual(leftOut, [[{ child: "Evil" }, 4]]);
  await tell(world, [hourOf(3, bytesOf({ c: [minutes([1])] }), { device: "d2" })], "token:t1", "1");
  chainedArrivals.forget();
  assert.deepEqual(told(chainedArrivals), []);
});
