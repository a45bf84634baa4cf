import assert from "node:assert/strict";
import { test } from "node:test";
import { pack } from "@edgemere/protocol";
import { DAY, HOUR } from "@edgemere/protocol/kit";
import { memoryDatabase, type Database } from "../../platform/database.ts";
import { startTestCore, type CoreContext, type TestCore } from "../../platform/core.test-support.ts";
import { ManualClock } from "@edgemere/protocol/simulated";
import { aDevice } from "../device.test-support.ts";
import { statementOf } from "./accounting.ts";
import { accountForRecords, listDeviceEvents } from "./contract.ts";
import { delivery, type DeliveryContext } from "./index.ts";
import { EVENTS_KEPT } from "./receives.ts";

type World = TestCore<CoreContext & DeliveryContext>;
const startWorld = async (over: { database?: Database; clock?: ManualClock } = {}): Promise<World> =>
  startTestCore<CoreContext & DeliveryContext>({ features: [delivery], context: {}, ...over });
async function aWorld(): Promise<World> {
  const world = await startWorld();
  await world.store.commit(aDevice("d1"));
  return world;
}
const note = (detail: string, more: object = {}) => ({ agentEvent: { name: "started", detail }, ...more });
const gap = (upTo: number, records: number) => ({
  gap: { upTo, records, bytes: 1, reason: "spool-full", fromMs: 1, toMs: 2 },
});
const hello = (next: number) =>
  pack(
    "hello",
    { device: "d1" },
    { bootId: "b", sessionEpoch: 2, agentVersion: "1", streams: [{ stream: "event", firstUnacknowledged: 1, next }] },
  );
const streamOf = async (world: World, stream: string) =>
  (await world.call(accountForRecords, { device: "d1" })).streams.find((each) => each.stream === stream);

test("what is received and what is explained is all that was produced, also after a restart", async () => {
  const database = memoryDatabase();
  const world = await startWorld({ database });
  await world.store.commit(aDevice("d1"));
  await world.arrived("d1", hello(8));

  const records = [
    { sequence: 1, atMs: 1, ...note("a") },
    { sequence: 2, atMs: 1, ...gap(5, 4) },
    { sequence: 6, atMs: 1, ...note("b") },
  ];
  await world.arrived("d1", pack("event", { device: "d1" }, { records, firstUnacknowledged: 1, sessionEpoch: 2 }));
  // What was asked for again comes again, and counts once.
  await world.arrived("d1", pack("event", { device: "d1" }, { records, firstUnacknowledged: 1, sessionEpoch: 2 }));
  const expected = {
    stream: "event",
    produced: 7,
    acknowledged: 6,
    received: 2,
    explained: 4,
    missing: 0,
    waiting: 1,
  };
  assert.deepEqual(await streamOf(world, "event"), expected);
  await using next = await startWorld({ database, clock: new ManualClock(world.clock.now() + 1) });

  assert.deepEqual(await streamOf(next, "event"), expected);
  const { losses } = await next.call(accountForRecords, { device: "d1" });
  assert.deepEqual(losses, [{ stream: "event", reason: "spool-full", records: 4 }]);
});

test("a device that never said how far it is has produced at least what arrived", () => {
  const account = { stream: "event", upTo: 3, received: 3, explained: {}, refused: [] } as const;

  assert.deepEqual(statementOf(account, undefined), {
    stream: "event",
    acknowledged: 3,
    received: 3,
    explained: 0,
    missing: 0,
  });
  assert.deepEqual(statementOf(account, 2).waiting, 0);
  assert.deepEqual(statementOf({ ...account, received: 2 }, 5).missing, 1);
});

test("what agents note is listed newest first, when it happened by the control plane's clock", async () => {
  await using world = await aWorld();
  const now = world.clock.now();
  const batch = {
    records: [
      { sequence: 1, atMs: now - 2 * HOUR, clockPeriod: 2, ...note("corrected") },
      { sequence: 2, atMs: 5_000, clockPeriod: 3, ...note("since 1970") },
    ],
    firstUnacknowledged: 1,
    sessionEpoch: 1,
    clocks: [{ clockPeriod: 2, offsetMs: HOUR, uncertaintyMs: 5 }],
  };
  await world.arrived("d1", pack("event", { device: "d1" }, batch));

  const { items } = await world.call(listDeviceEvents, { device: "d1" });

  assert.deepEqual(items, [
    { at: now, isEstimated: true, name: "started", detail: "since 1970", receivedAt: now },
    { at: now - HOUR, isEstimated: false, name: "started", detail: "corrected", receivedAt: now },
  ]);
});

test("of a device that notes without end the newest are kept", async () => {
  await using world = await aWorld();
  const notes = (from: number, count: number) => Array.from({ length: count }, (_, i) => note(String(from + i)));
  await world.report("d1", "event", ...notes(0, EVENTS_KEPT - 5));
  await world.report("d1", "event", ...notes(EVENTS_KEPT - 5, 30));
  await world.report("d1", "event", ...notes(EVENTS_KEPT + 25, 2 * EVENTS_KEPT));

  const first = await world.call(listDeviceEvents, { device: "d1", limit: 500 });

  assert.deepEqual(
    [first.items.length, first.items[0]?.detail, first.items.at(-1)?.detail],
    [EVENTS_KEPT, String(3 * EVENTS_KEPT + 24), String(2 * EVENTS_KEPT + 25)],
  );
});

test("a clock that is years off does not change the order of what was noted", async () => {
  await using world = await aWorld();
  await world.report("d1", "event", note("first"), note("second", { atMs: world.clock.now() - 900 * DAY }));

  const { items } = await world.call(listDeviceEvents, { device: "d1" });

  assert.deepEqual(
    items.map(({ detail }) => detail),
    ["second", "first"],
  );
});

test("notes are forgotten when they are older than events are kept, and those that came since are not", async () => {
  await using world = await aWorld();
  await world.report("d1", "event", note("old"));
  await world.advance(20 * DAY);
  await world.report("d1", "event", note("new"));
  const before = await world.call(listDeviceEvents, { device: "d1" });

  await world.advance(11 * DAY);

  const { items } = await world.call(listDeviceEvents, { device: "d1" });
  assert.deepEqual([before.items.length, items.map(({ detail }) => detail)], [2, ["new"]]);
});
