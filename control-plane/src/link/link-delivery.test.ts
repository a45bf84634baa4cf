import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { open, pack, v1 } from "@edgemere/protocol";
import { drain } from "@edgemere/protocol/simulated";
import { MINUTE, SECOND } from "@edgemere/protocol/kit";
import { memoryDatabase } from "../platform/database.ts";
import { acknowledged, aLink, device, trust } from "./link.test-support.ts";

type Link = Awaited<ReturnType<typeof aLink>>;

const acks = ({ carrier }: Link) =>
  carrier.messages("ack").map(({ acknowledgements }) => acknowledged(acknowledgements)["event"]);
const account = async ({ link }: Link) => (await link.accounts(device)).find(({ stream }) => stream === "event");
const aRecord = (sequence: number, detail = "fine") => ({ sequence, atMs: 1, agentEvent: { name: "event", detail } });
/** An agent event without a name breaks a rule. */
const aBadRecord = (sequence: number) => ({ sequence, atMs: 1, agentEvent: {} });
const aPosition = (firstUnacknowledged: number, next: number) => ({ stream: "event", firstUnacknowledged, next });

test("a record that comes again with other bytes raises an alarm, and the stored one stays", async () => {
  const world = await aLink();
  await world.hello();
  await world.report(1, "a", "b");

  await world.report(1, "a", "not b", "c");

  assert.deepEqual(await world.details(), ["a", "b", "c"]);
  assert.deepEqual(
    world.alarms.map(({ reason: _, ...alarm }) => alarm),
    [{ kind: "conflicting-record", device, stream: "event", sequence: 2 }],
  );
  assert.deepEqual([world.link.refusals(device), world.link.refusals("another")], [{ "conflicting-record": 1 }, {}]);
  assert.deepEqual(acks(world), [2, 3]);
});

test("a contradiction is known after a restart too", async () => {
  const database = memoryDatabase();
  const before = await aLink({}, database);
  await before.report(1, "a");
  const world = await aLink({}, database);

  await world.report(1, "not a");

  assert.equal(world.alarms.length, 1);
});

test("an alarm that goes on is told again after a minute, and counted each time", async () => {
  const world = await aLink();
  await world.report(1, "a");
  await world.report(1, "b");
  await world.report(1, "c");
  await world.clock.advance(MINUTE);

  await world.report(1, "d");

  assert.deepEqual([world.alarms.length, world.link.refusals()["conflicting-record"]], [2, 3]);
});

test("of a device that has gone nothing is remembered: an alarm about the next connection is told at once", async () => {
  const world = await aLink();
  await world.hello();
  await world.report(1, "a");
  await world.report(1, "b");
  world.link.dropped(device);
  await drain();

  await world.report(1, "c");

  assert.equal(world.alarms.length, 2);
});

test("a record that can never be taken does not hold up those behind it, and its evidence is kept", async () => {
  const world = await aLink();
  await world.hello();

  await world.send({ records: [aRecord(1), aBadRecord(2), aBadRecord(3), aRecord(4)] });

  assert.deepEqual(await world.details(), ["fine", "refused", "fine"]);
  assert.deepEqual([acks(world), world.link.refusals(device)], [[4], { "missing-field": 2 }]);
  const { upTo, received, explained, refused } = (await account(world)) ?? {};
  assert.deepEqual([upTo, received, explained], [4, 2, { refused: 2 }]);
  const bytes = v1.Record.encode(aBadRecord(2)).finish();
  assert.deepEqual(refused?.[0], {
    sequence: 2,
    at: world.clock.now(),
    reason: "missing-field",
    detail: "agent_event.name is empty",
    bytes: bytes.length,
    hash: createHash("sha256").update(bytes).digest("hex"),
  });
  assert.deepEqual(world.received[0]?.refused, refused);
});

for (const [what, batch] of [
  ["whose numbers have a hole", { records: [aRecord(1), aRecord(3)] }],
  ["whose record has no number", { records: [aRecord(0)] }],
  ["with a gap that ends before it begins", { records: [{ sequence: 4, atMs: 1, gap: { upTo: 3, reason: "x" } }] }],
] as const)
  test(`a batch ${what} moves nothing: nobody knows which records it speaks of`, async () => {
    const world = await aLink();
    await world.hello();

    await world.send({ records: [...batch.records] });

    assert.deepEqual([await world.details(), acks(world)], [[], []]);
    assert.equal(Object.values(world.link.refusals(device)).length, 1);
  });

test("offsets of a clock that nobody can have are left out, and the records are taken", async () => {
  const world = await aLink();

  await world.send({ records: [aRecord(1)], clocks: [{ clockPeriod: 1, offsetMs: Number.MAX_SAFE_INTEGER }] });
  await world.send({ records: [aRecord(2)], clocks: [{ clockPeriod: 1, offsetMs: -5, uncertaintyMs: 3 }] });

  assert.deepEqual(
    world.received.map(({ clocks }) => clocks),
    [[], [{ clockPeriod: 1, offset: -5, uncertainty: 3 }]],
  );
  assert.deepEqual(world.link.refusals(device), { "out-of-range": 1 });
});

test("what a restored control plane has not kept is explained by its restore", async () => {
  const world = await aLink({}, memoryDatabase(), { generation: () => 2 });
  await world.report(1, "a", "b");

  await world.hello(9, { generation: 1, streams: [aPosition(8, 10)] });
  await world.send({ records: [aRecord(8)], firstUnacknowledged: 8 });

  assert.deepEqual(await world.details(), ["a", "b", "control-plane-restored", "fine"]);
  const { upTo, received, explained } = (await account(world)) ?? {};
  assert.deepEqual([upTo, received, explained], [8, 3, { "control-plane-restored": 5 }]);
});

test("what was under way to a restored control plane is no gap without a reason before the device has said hello", async () => {
  const world = await aLink({}, memoryDatabase(), { generation: () => 2 });

  await world.send({ records: [aRecord(8)], firstUnacknowledged: 8 });
  await world.hello(9, { generation: 1, streams: [aPosition(8, 10)] });
  await world.send({ records: [aRecord(8)], firstUnacknowledged: 8 });

  const { received, explained } = (await account(world)) ?? {};
  assert.deepEqual([received, explained], [1, { "control-plane-restored": 7 }]);
});

test("a device does not hear of a restored control plane that has no room to explain what it lacks", async () => {
  let hasRoom = false;
  const world = await aLink({}, memoryDatabase(), { generation: () => 2, isTakingRecords: () => hasRoom });

  await world.hello(9, { generation: 1, streams: [aPosition(8, 10)] });
  const heard = world.carrier.messages("sync").length;
  hasRoom = true;
  await world.hello(10, { generation: 1, streams: [aPosition(8, 10)] });

  assert.equal(heard, 0);
  assert.deepEqual((await account(world))?.explained, { "control-plane-restored": 7 });
});

for (const [what, generation, known] of [
  ["a control plane that was never restored", 1, 0],
  ["a device that heard of the restore before", 2, 2],
] as const)
  test(`what is missing is unexplained at ${what}`, async () => {
    const world = await aLink({}, memoryDatabase(), { generation: () => generation });

    await world.hello(9, { generation: known, streams: [aPosition(8, 10)] });
    await world.send({ records: [aRecord(8)], firstUnacknowledged: 8 });

    assert.deepEqual((await account(world))?.explained, { unexplained: 7 });
  });

test("a Hello tells the features where the device stands, and whether it remembers less than it told", async () => {
  const world = await aLink();
  await world.hello(5, { commandHighSequence: 9, openCommands: ["c9"], conditions: ["disk-low"], clockPeriod: 3 });
  await world.report(1, "a", "b", "c");
  world.link.dropped(device);

  await world.hello(6, { streams: [aPosition(1, 2)], spoolBytes: 70, generation: 1 });

  const [first, second] = world.news.map(({ hello }) => hello);
  assert.deepEqual(
    [first?.commandHighSequence, first?.openCommands, first?.conditions, first?.clockPeriod, first?.isRestored],
    [9, ["c9"], ["disk-low"], 3, undefined],
  );
  assert.deepEqual(second?.streams, [{ stream: "event", firstUnacknowledged: 1, next: 2, bytes: 0 }]);
  assert.deepEqual([second?.spoolBytes, second?.generation], [70, 1]);
  assert.match(second?.isRestored?.reason ?? "", /event is 2, and 3 are stored/);
});

test("a Hello of a session that goes on, overtaken by what was sent after it, is no sign that anything was forgotten", async () => {
  const world = await aLink();
  await world.hello(5, { commandHighSequence: 3, time: { wallMs: 5, monotonicMs: 100 } });
  await world.report(1, "a", "b", "c");

  await world.hello(5, { commandHighSequence: 3, streams: [aPosition(1, 2)], time: { wallMs: 9, monotonicMs: 104 } });

  const again = world.news[1]?.hello;
  assert.deepEqual([again?.isRestored, again?.commandHighSequence], [undefined, undefined]);
});

test("a second host with a copy of the first one's disk is doubted, also after a restart of the control plane", async () => {
  const database = memoryDatabase();
  const before = await aLink({}, database);
  await before.hello(6);
  const world = await aLink({}, database);

  await world.hello(6, { bootId: "another host's" });
  await world.hello(6, { bootId: "another host's" });

  assert.match(world.news[0]?.hello?.isRestored?.reason ?? "", /session number is 6/);
  assert.equal(world.news[1]?.hello?.isRestored, undefined);
});

test("a Hello that comes once more, or when its connection is long over, tells nothing and brings no session back", async () => {
  const world = await aLink();
  await world.hello(6, { time: { wallMs: 5, monotonicMs: 100 } });
  await world.report(1, "a", "b", "c");

  await world.hello(6, { time: { wallMs: 5, monotonicMs: 100 }, streams: [aPosition(1, 2)] });
  world.link.dropped(device);
  await world.hello(6, { time: { wallMs: 5, monotonicMs: 100 }, streams: [aPosition(1, 2)] });

  assert.equal(world.news.length, 1);
  assert.equal(world.link.session(device), undefined);
});

test("a Sync says which Hello it answers, and which life of the control plane speaks", async () => {
  const world = await aLink({}, memoryDatabase(), { generation: () => 4 });
  await world.hello(1, { time: { wallMs: 5, monotonicMs: 1_234.5 } });
  world.link.resync(device);
  await drain();

  const syncs = world.carrier.messages("sync");
  assert.deepEqual(
    syncs.map(({ helloMonotonicMs, limits }) => [helloMonotonicMs, limits?.pauseMs, limits?.reconnectSpreadMs]),
    [
      [1_234.5, 0, 0],
      [0, 0, 0],
    ],
  );
  const head = open("syncHead", syncs[0]?.head ?? {}, trust);
  assert.equal(head.generation, 4);
});

test("without room records are neither stored nor acknowledged, the device is told to wait, and told when it is over", async () => {
  let isTakingRecords = true;
  const world = await aLink({}, memoryDatabase(), { isTakingRecords: () => isTakingRecords });
  await world.hello();
  isTakingRecords = false;

  const sent = Promise.all([world.report(1, "a"), world.report(2, "b")]);
  await drain();
  await world.clock.advance(SECOND);
  await sent;

  const pauses = () => world.carrier.messages("sync").map(({ limits }) => limits?.pauseMs);
  assert.deepEqual([await world.details(), acks(world), pauses()], [[], [], [0, 20_000]]);
  assert.deepEqual(world.link.refusals(device), { "read-only": 2 });
  isTakingRecords = true;
  world.link.heard("any device");
  await world.report(1, "a", "b");
  assert.deepEqual([await world.details(), acks(world), pauses()], [["a", "b"], [2], [0, 20_000, 0]]);
});

test("as long as there is no room, whoever sends something after its pause is told to wait once more", async () => {
  const world = await aLink({}, memoryDatabase(), { isTakingRecords: () => false });
  await world.hello();

  for (let time = 0; time < 3; time++) {
    await world.clock.advance(20 * SECOND);
    const sent = world.report(1, "a");
    await drain();
    await world.clock.advance(SECOND);
    await sent;
  }

  const pauses = world.carrier.messages("sync").map(({ limits }) => limits?.pauseMs);
  assert.deepEqual([pauses, world.carrier.disconnected], [[20_000, 20_000, 20_000, 20_000], []]);
});

test("a device that comes while nothing can be stored is heard, told to wait, and asked to come again afterwards", async () => {
  const database = memoryDatabase();
  const full = { ...database, batch: () => Promise.reject(new Error("no space left")) };
  let isTakingRecords = false;
  const world = await aLink({}, full, { isTakingRecords: () => isTakingRecords });

  await world.hello();

  assert.equal(world.link.session(device)?.epoch, 1);
  assert.equal(world.carrier.messages("sync")[0]?.limits?.pauseMs, 20_000);
  assert.equal(world.carrier.disconnected.length, 0);
  isTakingRecords = true;
  world.link.heard(device);
  assert.deepEqual(
    world.carrier.disconnected.map((each) => each.device),
    [device],
  );
});

test("when more waits than there is room for, output is put off before results are, and is taken when it comes again", async () => {
  const database = memoryDatabase();
  let open = () => {};
  const stuck = new Promise<void>((resolve) => (open = resolve));
  let isStuck = false;
  const world = await aLink({}, { ...database, batch: async (all) => (isStuck ? stuck : database.batch(all)) });
  await world.hello();
  isStuck = true;
  const first = pack("log", { device }, { records: [{ sequence: 1, atMs: 1, gap: { upTo: 1, reason: "damaged" } }] });
  const heldUp = Array.from({ length: 14_999 }, () => world.say(first.topic, first.payload));

  const putOff = world.say(first.topic, first.payload);
  const result = world.report(1, "an event");
  await drain();
  await world.clock.advance(SECOND);
  await putOff;

  assert.equal(world.link.refusals(device)["overloaded"], 1);
  isStuck = false;
  open();
  await Promise.all([...heldUp, result]);
  await world.say(first.topic, first.payload);
  assert.equal(world.link.refusals(device)["overloaded"], 1);
  assert.equal(acknowledged(world.carrier.messages("ack").at(-1)?.acknowledgements ?? [])["log"], 1);
  const pauses = world.carrier.messages("sync").map(({ limits }) => limits?.pauseMs);
  assert.deepEqual(pauses, [0, 1_000]);
});

test("a sign of life counts as heard", async () => {
  const world = await aLink();
  await world.hello();
  await world.clock.advance(MINUTE);

  world.link.heard(device);

  assert.equal(world.link.session(device)?.lastHeardAt, world.clock.now());
});

test("bytes of a hostile device leave no more than counts", async () => {
  const world = await aLink();
  const keys = async () => {
    const found: string[] = [];
    for await (const [key] of world.store.bytesBetween({ gte: "", lt: "\u{10ffff}" })) found.push(key);
    return found.length;
  };
  await world.send({ records: [aBadRecord(1)] });
  const before = await keys();

  for (let round = 0; round < 50; round++) {
    await world.say(`edgemere/v1/${device}/up/event`, Buffer.from(`nonsense ${round}`));
    await world.send({ records: [aBadRecord(1)] });
  }

  assert.equal(await keys(), before);
  assert.deepEqual(world.link.refusals(device), { "missing-field": 51, malformed: 50 });
  const { topic, payload } = pack("event", { device }, { records: [aRecord(2)], firstUnacknowledged: 1 });
  await world.say(topic, payload);
  assert.equal((await account(world))?.received, 1);
});
