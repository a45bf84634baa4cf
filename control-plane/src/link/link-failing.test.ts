import assert from "node:assert/strict";
import { test } from "node:test";
import { pack, seal, v1 } from "@edgemere/protocol";
import { DAY, MINUTE, SECOND } from "@edgemere/protocol/kit";
import { memoryDatabase } from "../platform/database.ts";
import type { Received } from "../platform/feature.ts";
import { acknowledged, aLink, device, signingKey } from "./link.test-support.ts";

const has = (detail: string) => (received: Received) =>
  received.records.some(({ agentEvent }) => agentEvent?.detail === detail);
const aWorld = (fails: (received: Received) => boolean) => aLink({}, memoryDatabase(), { fails });
type World = Awaited<ReturnType<typeof aWorld>>;

const acks = ({ carrier }: World) =>
  carrier.messages("ack").map(({ acknowledgements }) => acknowledged(acknowledgements)["event"]);
const account = async ({ link }: World) => (await link.accounts(device)).find(({ stream }) => stream === "event");
/** The same batch again and again, as an agent sends it that hears nothing. */
async function insist(world: World, minutes: number, ...details: readonly string[]): Promise<void> {
  for (let sent = 0; sent <= minutes * 6; sent++) {
    await world.report(1, ...details);
    await world.clock.advance(10 * SECOND);
  }
}

test("records that a feature fails on are neither stored nor acknowledged, and the connection stays", async () => {
  const world = await aWorld(has("poison"));
  await world.hello();

  await insist(world, 9, "a", "poison", "b");

  assert.deepEqual([await world.details(), acks(world), world.carrier.disconnected], [[], [], []]);
  assert.deepEqual(world.link.refusals(device), { failed: 55 });
});

test("a feature that is mended within ten minutes takes them", async () => {
  let isBroken = true;
  const world = await aWorld((received) => isBroken && has("poison")(received));
  await world.hello();
  await insist(world, 9, "a", "poison", "b");

  isBroken = false;
  await world.report(1, "a", "poison", "b");

  assert.deepEqual([await world.details(), acks(world)], [["a", "poison", "b"], [3]]);
});

test("after ten minutes the record that a feature fails on is set aside and explained, and those around it are taken", async () => {
  const world = await aWorld(has("poison"));
  await world.hello();

  await insist(world, 10, "a", "poison", "b");

  assert.deepEqual([await world.details(), acks(world)], [["a", "failed", "b"], [3]]);
  const { upTo, received, explained } = (await account(world)) ?? {};
  assert.deepEqual([upTo, received, explained], [3, 2, { failed: 1 }]);
  const [kept, ...rest] = await world.link.setAside(device);
  assert.deepEqual([kept?.stream, kept?.sequence, kept?.error, rest], ["event", 2, "listener: a bug", []]);
  const record = v1.Record.decode(Buffer.from(kept?.content ?? "", "base64"));
  assert.deepEqual([record.agentEvent?.detail, record.sequence], ["poison", 2]);
});

test("a stream with trouble does not wait ten minutes for each record", async () => {
  const world = await aWorld(has("poison"));
  await world.hello();
  await insist(world, 10, "poison");
  await world.clock.advance(MINUTE);

  await world.report(2, "poison", "fine");

  assert.deepEqual([await world.details(), acks(world).at(-1)], [["failed", "failed", "fine"], 3]);
});

test("a feature that fails on whatever comes does not hold up a stream for ever, and of what it failed on the newest is kept", async () => {
  const world = await aWorld(() => true);
  await world.hello();
  const many = Array.from({ length: 20 }, (_, i) => `e${i}`);

  await insist(world, 10, ...many);

  assert.deepEqual([await world.details(), acks(world)], [[], [20]]);
  assert.deepEqual((await account(world))?.explained, { failed: 20 });
  assert.deepEqual(
    (await world.link.setAside(device)).map(({ sequence }) => sequence),
    [13, 14, 15, 16, 17, 18, 19, 20],
  );
});

test("a gap that a feature fails on keeps its reason", async () => {
  const world = await aWorld(({ records }) => records.some(({ body }) => body === "gap"));
  await world.hello();
  const gap = { sequence: 1, atMs: 1, gap: { upTo: 4, records: 4, reason: "spool-full", fromMs: 1, toMs: 1 } };

  for (let sent = 0; sent <= 60; sent++) {
    await world.send({ records: [gap] });
    await world.clock.advance(10 * SECOND);
  }

  assert.deepEqual([acks(world), (await account(world))?.explained], [[4], { "spool-full": 4 }]);
});

test("what was set aside is forgotten when it is as old as events may get", async () => {
  const world = await aWorld(has("poison"));
  await world.hello();
  await insist(world, 10, "poison");
  const forgetting = world.link.forgetting(30 * DAY);
  await forgetting.step();
  const before = (await world.link.setAside(device)).length;

  world.clock.step(31 * DAY);
  await forgetting.step();

  assert.deepEqual([before, (await world.link.setAside(device)).length], [1, 0]);
});

const command = seal("command", { command: "c1", sequence: 7 }, signingKey);
const offered = ({ carrier }: World) => carrier.messages("sync").map(({ commands }) => commands.length);

test("a feature that fails on a session does not keep the device out: its records are stored, and it gets no commands", async () => {
  const world = await aLink({ commands: [command] }, memoryDatabase(), { failsOnNews: () => true });

  await world.hello();
  await world.report(1, "a");
  await world.link.send(device, pack("command", { device }, command));

  assert.deepEqual([await world.details(), acks(world), offered(world)], [["a"], [1], [0]]);
  assert.deepEqual(world.carrier.messages("command"), []);
  assert.deepEqual(world.link.refusals(device), { failed: 1 });
});

test("a device whose session a feature failed on says hello anew after ten minutes, and gets its commands when that is heard", async () => {
  let isBroken = true;
  const world = await aLink({ commands: [command] }, memoryDatabase(), { failsOnNews: () => isBroken });
  await world.hello(1, { commandHighSequence: 3 });
  await world.clock.advance(9 * MINUTE);
  world.link.heard(device);
  const before = world.carrier.disconnected.length;

  isBroken = false;
  await world.clock.advance(MINUTE);
  world.link.heard(device);
  world.link.heard(device);
  await world.hello(1, { commandHighSequence: 3 });

  assert.deepEqual([before, world.carrier.disconnected.length, offered(world)], [0, 1, [0, 1]]);
  assert.deepEqual(
    world.news.map(({ hello }) => hello?.commandHighSequence),
    [3],
  );
});

test("a feature that fails on what waits for a device leaves that out, and the device says hello anew after ten minutes", async () => {
  let isBroken = true;
  const world = await aLink({ commands: [command] }, memoryDatabase(), { failsOnOffers: () => isBroken });
  await world.hello();
  await world.report(1, "a");
  assert.deepEqual([offered(world), acks(world), world.link.refusals(device)], [[0], [1], { failed: 1 }]);

  isBroken = false;
  await world.clock.advance(10 * MINUTE);
  world.link.heard(device);
  await world.hello(2);

  assert.deepEqual([world.carrier.disconnected.length, offered(world)], [1, [0, 1]]);
});

test("a device that remembers less than it told before is not heard as long as a feature fails on that", async () => {
  let isBroken = false;
  const world = await aLink({}, memoryDatabase(), { failsOnNews: () => isBroken });
  const events = (next: number) => ({ streams: [{ stream: "event", firstUnacknowledged: 1, next }] });
  await world.hello(1, events(1));
  await world.report(1, "a", "b");
  world.link.dropped(device);

  isBroken = true;
  await assert.rejects(world.hello(2, events(1)), /listener: a bug/);
  isBroken = false;
  await world.hello(3, events(1));

  assert.equal(world.link.session(device)?.epoch, 3);
  assert.ok(world.news.at(-1)?.hello?.isRestored);
  assert.deepEqual(world.link.refusals(device), { failed: 1 });
});

test("a goodbye that a feature fails on ends the session all the same", async () => {
  const world = await aLink({}, memoryDatabase(), { failsOnNews: ({ kind }) => kind === "closed" });
  await world.hello(1);

  await world.bye(1);

  assert.deepEqual([world.link.session(device), world.link.refusals(device)], [undefined, { failed: 1 }]);
});
