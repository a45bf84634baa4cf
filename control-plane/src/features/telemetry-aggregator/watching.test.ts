import assert from "node:assert/strict";
import { test } from "node:test";
import { DAY, SECOND } from "@edgemere/protocol/kit";
import type { InputOf, OutputOf } from "../../platform/action.ts";
import type { Caller } from "../../platform/caller.ts";
import { startTestCore, type CoreContext, type TestCore } from "../../platform/core.test-support.ts";
import { updated } from "../../platform/change.ts";
import { resolve } from "../../platform/reference.ts";
import { aDevice } from "../device.test-support.ts";
import { device } from "../devices/contract.ts";
import { realm } from "../devices/selector-contract.ts";
import { createAggregatedDevice, watchTelemetry } from "./contract.ts";
import { Landings, SeriesLists, telemetryAggregator, type TelemetryContext } from "./index.ts";

type World = TestCore<CoreContext & TelemetryContext>;
type Answer = OutputOf<typeof watchTelemetry>;

async function aFleet(): Promise<World> {
  const world = await startTestCore<CoreContext & TelemetryContext>({
    features: [{ name: "devices", resources: [device], realm, actions: [] }, telemetryAggregator],
    context: { telemetry: { retention: 7 * DAY, seriesLists: new SeriesLists(), landings: new Landings("life-1") } },
  });
  await world.store.commit(
    aDevice("d1", { labels: { site: "berlin" }, name: "gw-1" }),
    aDevice("d2", { labels: { site: "oslo" }, name: "gw-2" }),
  );
  return world;
}

/** Values of a device, each one second after the one before. */
async function reported(world: World, id: string, metric: string, values: readonly number[], instance = "") {
  const baseMs = world.clock.now();
  const telemetry = {
    baseMs,
    offsetMs: values.map((_, row) => row),
    series: [{ metric, instance, values: [...values] }],
  };
  await world.report(id, "telemetry", { telemetry });
  await world.clock.advance(SECOND);
}

const ask = (world: World, input: InputOf<typeof watchTelemetry> = {}, caller?: Partial<Caller>): Promise<Answer> =>
  world.call(watchTelemetry, input, caller);
const told = ({ values }: Answer) => values.map(({ name, metric, value }) => `${name} ${metric} ${value}`);
/** An answer that waits, with what it says once something has happened. */
const waiting = (world: World, input: InputOf<typeof watchTelemetry>, caller?: Partial<Caller>) => {
  const answer = ask(world, { patience: 10 * SECOND, ...input }, caller);
  return async () => {
    await world.advance(10 * SECOND);
    return answer;
  };
};
const only = (site: string): Partial<Caller> => ({
  permissions: [],
  limited: [{ permission: "telemetry:read", selectors: [`site=${site}`] }],
});

test("who follows is told what there is, and then of each device that reports its newest values", async () => {
  await using world = await aFleet();
  await reported(world, "d1", "load", [1]);
  await reported(world, "d2", "load", [2]);

  const first = await ask(world);
  const nothing = await ask(world, { after: first.position });
  await reported(world, "d2", "load", [3]);
  const second = await ask(world, { after: nothing.position });

  assert.deepEqual([first, nothing, second].map(told), [["gw-1 load 1", "gw-2 load 2"], [], ["gw-2 load 3"]]);
});

test("who reads slowly is told the newest value of each series, and of nothing in between", async () => {
  await using world = await aFleet();
  const { position } = await ask(world);

  for (let value = 1; value <= 30; value++) await reported(world, "d1", "load", [value]);

  assert.deepEqual(told(await ask(world, { after: position })), ["gw-1 load 30"]);
});

test("an answer that waits comes without values when there is something, and who asks then gets it", async () => {
  await using world = await aFleet();
  await reported(world, "d1", "load", [1]);
  const { position } = await ask(world);
  const answered = waiting(world, { after: position });
  await reported(world, "d1", "load", [2]);

  const empty = await answered();

  assert.deepEqual(told(empty), []);
  assert.deepEqual(told(await ask(world, { after: empty.position })), ["gw-1 load 2"]);
});

test("an answer that waits in vain ends with the time, and what others say does not end it", async () => {
  await using world = await aFleet();
  await reported(world, "d1", "load", [1]);
  const { position } = await ask(world);
  let isAnswered = false;
  const answer = ask(world, { after: position, patience: 10 * SECOND, device: "gw-1", metric: ["load"] });
  void answer.then(() => (isAnswered = true));

  await reported(world, "d2", "load", [2]);
  await world.advance(5 * SECOND);
  const before = isAnswered;
  await world.advance(10 * SECOND);

  assert.equal(before, false);
  assert.deepEqual(told(await answer), []);
});

test("what was taken from somebody while they waited is not told to them", async () => {
  await using world = await aFleet();
  const { position } = await ask(world, {}, only("berlin"));
  const answered = waiting(world, { after: position }, only("berlin"));
  await reported(world, "d1", "load", [2]);
  const { values, position: next } = await answered();

  const row = await resolve(world.store, device, "d1");
  await world.store.commit(updated(device, row, { labels: { site: "secret" } }));

  assert.deepEqual(values, []);
  assert.deepEqual(told(await ask(world, { after: next }, only("berlin"))), []);
  await assert.rejects(ask(world, { after: next }, { permissions: [] }), /needs the permission telemetry:read/);
});

test("a caller follows only those devices that the permission holds for", async () => {
  await using world = await aFleet();
  await reported(world, "d1", "load", [1]);
  await reported(world, "d2", "load", [2]);

  const first = await ask(world, {}, only("oslo"));
  await reported(world, "d1", "load", [3]);
  await reported(world, "d2", "load", [4]);
  const second = await ask(world, { after: first.position }, only("oslo"));

  assert.deepEqual([first, second].map(told), [["gw-2 load 2"], ["gw-2 load 4"]]);
  await assert.rejects(ask(world, { device: "gw-1" }, only("oslo")), /there is no device "gw-1"/);
});

test("devices, metrics and instances are chosen as in a query", async () => {
  await using world = await aFleet();
  await world.call(createAggregatedDevice, { name: "north", selector: "site=oslo" });
  await reported(world, "d1", "filesystem.used_bytes", [1], "/");
  await reported(world, "d1", "filesystem.used_bytes", [2], "/var");
  await reported(world, "d1", "load", [3]);
  await reported(world, "d2", "load", [4]);

  for (const [input, expected] of [
    [{ device: "gw-2" }, ["gw-2 load 4"]],
    [{ selector: "site=berlin", metric: ["load"] }, ["gw-1 load 3"]],
    [{ adevice: "north" }, ["gw-2 load 4"]],
    [{ metric: ["filesystem.*"], instance: ["/var"] }, ["gw-1 filesystem.used_bytes 2"]],
    [{ metric: ["none"] }, []],
  ] as const)
    assert.deepEqual(told(await ask(world, structuredClone(input) as InputOf<typeof watchTelemetry>)), expected);
});

test("a position of another life of the control plane means that everything is told once more", async () => {
  await using world = await aFleet();
  await reported(world, "d1", "load", [1]);

  assert.deepEqual(told(await ask(world, { after: "life-0.1" })), ["gw-1 load 1"]);
  assert.deepEqual(told(await ask(world, { after: "life-1.77" })), ["gw-1 load 1"]);
  await assert.rejects(ask(world, { after: "nowhere" }), /"after" takes the position of an answer before/);
});

test("what is too much for one answer comes in several, and no device is left out", async () => {
  await using world = await aFleet();
  const names = Array.from({ length: 6 }, (_, i) => `m${i}`);
  await world.store.commit(...names.map((id) => aDevice(id)));
  const series = Array.from({ length: 1_000 }, (_, i) => ({ metric: `metric.${i}`, instance: "", values: [1] }));
  for (const id of names)
    await world.report(id, "telemetry", { telemetry: { baseMs: world.clock.now(), offsetMs: [0], series } });

  const parts = [await ask(world)];
  parts.push(await ask(world, { after: parts[0]?.position ?? "" }));
  for (const id of names)
    await world.report(id, "telemetry", { telemetry: { baseMs: world.clock.now(), offsetMs: [0], series } });
  parts.push(await ask(world, { after: parts[1]?.position ?? "" }));
  parts.push(await ask(world, { after: parts[2]?.position ?? "" }));

  assert.deepEqual(
    parts.map(({ values }) => [...new Set(values.map(({ name }) => name))]),
    [names.slice(0, 5), names.slice(5), names.slice(0, 5), names.slice(5)],
  );
});

test("where nobody keeps account of who reports, to follow is refused", async () => {
  const world = await startTestCore<CoreContext & TelemetryContext>({
    features: [telemetryAggregator],
    context: { telemetry: { retention: 7 * DAY, seriesLists: new SeriesLists() } },
  });

  await assert.rejects(ask(world), /nobody can follow/);
  await world[Symbol.asyncDispose]();
});
