import assert from "node:assert/strict";
import { test } from "node:test";
import { DAY, HOUR, MINUTE, SECOND } from "@edgemere/protocol/kit";
import { aDevice } from "../device.test-support.ts";
import type { World } from "./aggregator.test-support.ts";
import { BEGIN, reported, startChain } from "./chain.test-support.ts";
import { chainedDeviceOf } from "./chained-devices.ts";
import { historyOfChained } from "./chained-history.ts";
import * as contract from "./contract.ts";

const NOW = BEGIN + 2 * DAY;
const FIRST = NOW - 90 * MINUTE;
const history = (world: World, device: string, over: object = {}) =>
  world.call(contract.readHistory, { device, from: NOW - 2 * HOUR, to: NOW, ...over });
const latest = (world: World, device: string) => world.call(contract.latestValues, { device });

test("the history of a child's device is the last sample of each minute, with the least and the largest, and says whose it is", async () => {
  await using chain = await startChain();
  await reported(chain.edge, "d1", FIRST, [0, 10 * SECOND, 50 * SECOND, MINUTE], [5, 9, 7, 1]);
  await chain.advance(5 * MINUTE);

  const { series, ...told } = await history(chain.centre, "Region/gw-1", { extremes: true });

  assert.deepEqual(series, [
    {
      metric: "load",
      instance: "",
      at: [FIRST + 50 * SECOND, FIRST + MINUTE],
      value: [7, 1],
      low: [5, 1],
      high: [9, 1],
    },
  ]);
  assert.deepEqual(
    [told.device, told.resolution, told.child?.name, told.child?.origin],
    ["edge/d1", "1m", "Region", "edge"],
  );
  assert.ok((told.child?.knownUpTo ?? 0) >= FIRST + MINUTE);
  assert.deepEqual((await history(chain.centre, "edge/d1", { extremes: true })).series, series);
  assert.deepEqual((await history(chain.edge, "d1")).resolution, "samples");
});

test("the newest values and the metrics of a child's device are those that it was told of last", async () => {
  await using chain = await startChain();
  await reported(chain.edge, "d1", FIRST, [0, HOUR], [5, 9]);
  await chain.advance(5 * MINUTE);

  const { values, ...told } = await latest(chain.centre, "Region/gw-1");

  assert.deepEqual(values, (await latest(chain.edge, "d1")).values);
  assert.deepEqual([told.device, told.resolution, told.child?.origin], ["edge/d1", "1m", "edge"]);
  const { metrics } = await chain.centre.call(contract.listMetrics, { device: "Region/gw-1" });
  assert.deepEqual(metrics, [{ metric: "load", instance: "" }]);
});

test("a longer range of a child's device has no more points than were asked for, and none of its extremes is lost", async () => {
  await using chain = await startChain();
  const minutes = Array.from({ length: 60 }, (_, minute) => minute * MINUTE);
  await reported(
    chain.edge,
    "d1",
    FIRST,
    minutes,
    minutes.map((_, minute) => (minute === 31 ? 99 : minute)),
  );
  await chain.advance(5 * MINUTE);

  const { series } = await history(chain.centre, "Region/gw-1", { points: 10, extremes: true });

  const { at = [], value = [], high = [] } = series[0] ?? {};
  assert.ok(at.length <= 10 && at.length >= 5, `${at.length}`);
  assert.deepEqual([Math.max(...high.map(Number)), value.at(-1)], [99, 59]);
});

test("what is older than minutes are kept is told in hours", async () => {
  await using chain = await startChain();
  await reported(chain.edge, "d1", FIRST, [0, MINUTE, HOUR], [5, 9, 3]);
  await chain.advance(5 * MINUTE);

  const { resolution, series } = await history(chain.centre, "Region/gw-1", { from: NOW - 30 * DAY });

  assert.equal(resolution, "1h");
  assert.deepEqual(
    [series[0]?.at, series[0]?.value],
    [
      [FIRST + MINUTE, FIRST + HOUR],
      [9, 3],
    ],
  );
});

test("a range of a child's device that is older than hours are kept holds nothing", async () => {
  await using chain = await startChain();
  await reported(chain.edge, "d1", FIRST, [0], [5]);
  await chain.advance(5 * MINUTE);
  chain.clock.step(730 * DAY - 30 * MINUTE);

  const { series } = await history(chain.centre, "Region/gw-1", { from: NOW - 4 * HOUR, to: NOW - 3 * HOUR });

  assert.deepEqual(series, []);
});

test("where nothing is forgotten a range of a child's device is refused that is too long to be read", async () => {
  await using chain = await startChain();
  await reported(chain.edge, "d1", FIRST, [0], [5]);
  await chain.advance(5 * MINUTE);
  const { store } = chain.centre;
  const device = await chainedDeviceOf(store, "edge/d1");
  assert.ok(device);
  const all = { from: 0, to: NOW, minutesFrom: -Infinity, metrics: undefined, points: 10, extremes: false };

  await assert.rejects(historyOfChained(store, device, { ...all, resolution: "minutes", knownUpTo: NOW }), {
    type: "too-large",
  });
});

test("a silence of a child's device and a gap that is known there are gaps here, and what is not known yet is none", async () => {
  await using chain = await startChain();
  const minutes = Array.from({ length: 10 }, (_, minute) => minute * MINUTE);
  await reported(chain.edge, "d1", FIRST, [...minutes, 40 * MINUTE], [...minutes.keys(), 1]);
  await chain.edge.report("d1", "telemetry", {
    gap: {
      fromMs: FIRST + 10 * MINUTE,
      toMs: FIRST + 20 * MINUTE,
      records: 5,
      reason: "spool-full",
      upTo: 6,
      bytes: 0,
    },
  });
  await chain.advance(5 * MINUTE);
  chain.toCentre.world = undefined;
  await chain.advance(HOUR);

  const { gaps, child } = await history(chain.centre, "Region/gw-1", { to: NOW + HOUR });

  assert.deepEqual(gaps.slice(0, 2), [
    { from: FIRST + 10 * MINUTE, to: FIRST + 20 * MINUTE, records: 5, reason: "spool-full" },
    { from: FIRST + 20 * MINUTE, to: FIRST + 40 * MINUTE, records: 0, reason: "silence" },
  ]);
  assert.deepEqual(gaps.slice(2), [{ from: FIRST + 40 * MINUTE, to: child?.knownUpTo, records: 0, reason: "silence" }]);
  assert.equal(child?.state, "silent");
});

test("who may see some devices only is told of no child's device, in the words that are said of what does not exist", async () => {
  await using chain = await startChain();
  await reported(chain.edge, "d1", FIRST, [0], [5]);
  await chain.advance(5 * MINUTE);
  const limited = { permissions: [], limited: [{ permission: "telemetry:read", selectors: ["site=x"] }] };

  for (const device of ["Region/gw-1", "edge/d1", "Region/nobody", "nobody/gw-1"])
    for (const action of [contract.readHistory, contract.latestValues, contract.listMetrics])
      await assert.rejects(chain.centre.call(action, { device }, limited), {
        type: "not-found",
        message: `there is no device "${device}"`,
      });
});

test("a name that several devices of a child have is refused with what to do, and a child that is gone has no devices", async () => {
  await using chain = await startChain();
  await chain.edge.store.commit(aDevice("d3", { name: "gw-1" }));
  await reported(chain.edge, "d1", FIRST, [0], [5]);
  await reported(chain.edge, "d3", FIRST, [0], [6]);
  await chain.advance(5 * MINUTE);

  await assert.rejects(latest(chain.centre, "Region/gw-1"), { type: "conflict", message: /use the id/ });
  assert.equal((await latest(chain.centre, "Region/gw-1/edge/d3")).values[0]?.value, 6);
  await chain.centre.call(contract.destroyChild, { child: "Region" });
  await assert.rejects(latest(chain.centre, "edge/d1"), { type: "not-found" });
});
