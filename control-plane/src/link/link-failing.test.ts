import assert from "node:assert/strict";
import { test } from "node:test";
import { v1 } from "@edgemere/protocol";
import { DAY, MINUTE, SECOND } from "@edgemere/protocol/kit";
import { memoryDatabase } from "../platform/database.ts";
import type { Received } from "../platform/feature.ts";
import { acknowledged, aLink, device } from "./link.test-support.ts";

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
