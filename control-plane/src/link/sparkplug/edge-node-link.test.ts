import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLog } from "@edgemere/protocol/kit";
import { parseSparkplugTopic, readSparkplugPayload } from "@edgemere/protocol/sparkplug";
import { memoryDatabase, type Database } from "../../platform/database.ts";
import { aLink, device } from "../link.test-support.ts";
import { EdgeNodeLink, type Channel } from "./edge-node-link.ts";
import { bdSeq, bytesOf, double, text, type Said } from "./edge-node.test-support.ts";

/** A real link, and the edge node of one device at it. */
async function anEdgeNode({
  isTakingRecords = () => true,
  database = memoryDatabase(),
}: { readonly isTakingRecords?: () => boolean; readonly database?: Database } = {}) {
  const world = await aLink({}, database, { isTakingRecords });
  const { link, clock } = world;
  const node = new EdgeNodeLink({ link, clock, log: silentLog }, device);
  const commands: Uint8Array[] = [];
  const connect = () => {
    const channel: Channel = { address: "192.0.2.1", command: (payload) => commands.push(payload), close: () => {} };
    node.connected(channel);
    const say = async (word: string, said: Said, of = "") => {
      const topic = parseSparkplugTopic(`spBv1.0/g/${word}/n${of === "" ? "" : `/${of}`}`);
      assert.ok(topic);
      await node.hear(channel, topic, bytesOf({ timestamp: clock.now(), ...said }));
    };
    return {
      channel,
      say,
      born: (...metrics: NonNullable<Said["metrics"]>) => say("NBIRTH", { seq: 0, metrics: [bdSeq(1), ...metrics] }),
    };
  };
  const telemetry = async () => {
    const found = (await link.accounts(device)).find(({ stream }) => stream === "telemetry");
    return { upTo: found?.upTo, received: found?.received, explained: found?.explained };
  };
  const look = async (ms: number) => {
    await clock.advance(ms);
    await node.look();
  };
  return { ...world, node, connect, commands, telemetry, look };
}
const kinds = ({ news }: Awaited<ReturnType<typeof anEdgeNode>>) => news.map(({ kind, reason }) => [kind, reason]);

test("a session begins with the birth of an edge node and not with its connection, and ends with its death", async () => {
  const world = await anEdgeNode();
  const { say, born } = world.connect();
  assert.equal(world.link.session(device), undefined);

  await born(double("a", 1));
  const { address } = world.link.session(device) ?? {};
  await say("NDEATH", { metrics: [bdSeq(1)] });

  assert.equal(address, "192.0.2.1");
  assert.deepEqual(kinds(world), [
    ["opened", "hello"],
    ["closed", "stopped"],
  ]);
  assert.equal(world.link.session(device), undefined);
});

test("a death of another session than the one that was born is counted, and ends nothing", async () => {
  const world = await anEdgeNode();
  const { say, born } = world.connect();
  await born();

  await say("NDEATH", { metrics: [bdSeq(0)] });

  assert.ok(world.link.session(device));
  assert.deepEqual(world.link.refusals(), { outdated: 1 });
});

test("an edge node that was asked for its births goes on with the session that it has", async () => {
  const world = await anEdgeNode();
  const { born } = world.connect();

  await born(double("a", 1));
  await born(double("a", 2));

  assert.deepEqual(kinds(world), [["opened", "hello"]]);
});

test("an edge node that died and is born anew on the same connection has a new session", async () => {
  const world = await anEdgeNode();
  const { say, born } = world.connect();
  await born();
  await say("NDEATH", { metrics: [bdSeq(1)] });

  await born();

  assert.deepEqual(
    kinds(world).map(([kind]) => kind),
    ["opened", "closed", "opened"],
  );
  assert.ok((world.news[2]?.epoch ?? 0) > (world.news[0]?.epoch ?? 0));
});

test("a lost connection ends the session, and what was said over an older connection is not heard", async () => {
  const world = await anEdgeNode();
  const first = world.connect();
  await first.born(double("a", 1));
  await world.clock.advance(1);
  const second = world.connect();
  await second.born(double("a", 2));

  await first.say("NDATA", { seq: 1, metrics: [double("a", 3)] });
  await world.node.disconnected(first.channel);
  assert.deepEqual([world.node.isConnected, (await world.telemetry()).received], [true, 2]);
  await world.node.disconnected(second.channel);

  assert.deepEqual(kinds(world).at(-1), ["closed", "lost"]);
  assert.equal(world.node.isConnected, false);
});

test("samples are numbered behind those that are stored, by another life of the control plane too", async () => {
  const database = memoryDatabase();
  const before = await anEdgeNode({ database });
  await before.connect().born(double("a", 1));
  const after = await anEdgeNode({ database });

  const { say, born } = after.connect();
  await born(double("a", 2));
  await say("NDATA", { seq: 1, metrics: [double("a", 3)] });

  assert.deepEqual(await after.telemetry(), { upTo: 3, received: 3, explained: {} });
  assert.deepEqual(after.alarms, []);
});

test("a clock that was set back makes no edge node look like a copy", async () => {
  const database = memoryDatabase();
  const before = await anEdgeNode({ database });
  await before.clock.advance(3_600_000);
  await before.connect().born(double("a", 1));
  const after = await anEdgeNode({ database });

  await after.connect().born(double("a", 2));

  assert.equal(after.news[0]?.hello?.isRestored, undefined);
  assert.ok(after.link.session(device));
});

test("messages that never came are a gap of as many records, and are asked for once in a while", async () => {
  const world = await anEdgeNode();
  const { say, born } = world.connect();
  await born(double("a", 1));

  await say("NDATA", { seq: 4, metrics: [double("a", 2)] });
  await say("NDATA", { seq: 6, metrics: [double("a", 3)] });
  const [asked] = world.commands;
  await world.look(10_000);
  await born();
  await world.look(600_000);

  assert.deepEqual(await world.telemetry(), { upTo: 7, received: 3, explained: { "not-received": 4 } });
  assert.deepEqual(asked && readSparkplugPayload(asked).metrics.map(({ name }) => name), ["Node Control/Rebirth"]);
  assert.equal(world.commands.length, 2);
});

test("an edge node that connects and says nothing is asked for its births, less and less often", async () => {
  const world = await anEdgeNode();
  world.connect();

  for (let second = 0; second < 300; second++) await world.look(1_000);

  assert.deepEqual(world.commands.length, 4);
});

test("while there is no room samples wait, and are stored when there is some", async () => {
  let isTakingRecords = true;
  const world = await anEdgeNode({ isTakingRecords: () => isTakingRecords });
  const { say, born } = world.connect();
  await born(double("a", 1));

  isTakingRecords = false;
  const waiting = say("NDATA", { seq: 1, metrics: [double("a", 2)] });
  await world.clock.advance(1_000);
  await waiting;
  const before = await world.telemetry();
  isTakingRecords = true;
  await world.look(1_000);

  assert.deepEqual([before.upTo, (await world.telemetry()).upTo], [1, 2]);
});

test("texts are told as an inventory when they have rested, and changes of them at most once a minute", async () => {
  const world = await anEdgeNode();
  const { say, born } = world.connect();
  const inventories = () =>
    world.received.flatMap(({ records }) => records.flatMap(({ inventory }) => (inventory ? [inventory.facts] : [])));
  await born(text("firmware", "1"));
  await say("DBIRTH", { seq: 1, metrics: [text("serial", "x")] }, "pump");
  await world.look(1_000);
  const early = inventories().length;

  await world.look(2_000);
  for (let seq = 2; seq < 60; seq++) {
    await say("NDATA", { seq, metrics: [text("firmware", String(seq))] });
    await world.look(1_000);
  }
  const within = inventories().length;
  for (let second = 0; second < 10; second++) await world.look(1_000);

  const told = inventories().map((facts) => facts.map((fact) => [fact.name, "text" in fact ? fact.text : ""]));
  assert.deepEqual([early, within], [0, 1]);
  assert.deepEqual(told, [
    [
      ["firmware", "1"],
      ["pump/serial", "x"],
    ],
    [
      ["firmware", "59"],
      ["pump/serial", "x"],
    ],
  ]);
});

test("what an edge node says of its clock is compared with ours", async () => {
  const world = await anEdgeNode();
  const { say } = world.connect();

  await say("NBIRTH", { seq: 0, timestamp: world.clock.now() + 600_000, metrics: [bdSeq(1)] });

  assert.equal(world.news[0]?.hello?.clockOffset, 600_000);
});

test("bytes that are no payload are refused, and what an edge node has said before stands", async () => {
  const world = await anEdgeNode();
  const { channel, say, born } = world.connect();
  await born(double("a", 1));
  const topic = parseSparkplugTopic("spBv1.0/g/NDATA/n");
  assert.ok(topic);

  await world.node.hear(channel, topic, Buffer.from("ff", "hex"));
  await say("NDATA", { seq: 1, metrics: [double("a", 2)] });

  assert.deepEqual([world.link.refusals(), (await world.telemetry()).upTo], [{ malformed: 1 }, 2]);
});
