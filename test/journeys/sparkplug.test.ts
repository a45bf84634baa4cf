import assert from "node:assert/strict";
import { test } from "node:test";
import { plainAnswer, tlsAnswer, WEAK_SUITES } from "../security/doors.ts";
import { EdgeNodeClient, number, text, topicOf } from "../world/edge-node.ts";
import { freePort } from "../world/free-ports.ts";
import { eventually, startWorld, type World } from "../world/world.ts";

const line2 = { group: "Plant 1", node: "Line 2", name: "press" };
const declare = (world: World, node: { group: string; node: string; name: string } = line2) =>
  world.client.call("cpl/dm/edgenode/declare", node);
const presenceOf = async (world: World, device = "press") =>
  (await world.client.call("cpl/dm/device/find", { device })).presence;
const online = (world: World, device?: string) =>
  eventually(async () => (await presenceOf(world, device)) === "online", "the edge node to be online");
const latest = async (world: World, device = "press") =>
  new Map(
    (await world.client.call("cpl/ta/latest", { device })).values.map(({ metric, instance, value }) => [
      instance === "" ? metric : `${instance}: ${metric}`,
      value,
    ]),
  );
const holds = (world: World, name: string, value: number, device?: string) =>
  eventually(async () => (await latest(world, device)).get(name) === value, `${name} to be ${value}`);

/** A control plane whose door for edge nodes is open. */
async function aWorld() {
  const port = await freePort();
  const flags = ["--sparkplug-port", String(port), "--sparkplug-host", "127.0.0.1"];
  const world = await startWorld({ controlPlane: { flags } });
  return Object.assign(world, { where: { port, root: world.controlPlane.ready.root } });
}

test("a declared edge node is a device: its births are presence and facts, its data telemetry, its death the end", async () => {
  await using world = await aWorld();
  const given = await declare(world);
  await using node = await EdgeNodeClient.connect(world.where, given);

  await node.birth(number("Temperature", 21.5, { alias: 1 }), text("Properties/Firmware", "1.4"));
  await node.say("DBIRTH", [number("Speed", 900, { alias: 2 }), text("Serial", "P-7")], "Pump");
  await online(world);
  await node.say("NDATA", [{ alias: 1, doubleValue: 22.5, value: "doubleValue" }]);
  await node.say("DDATA", [{ alias: 2, doubleValue: 950, value: "doubleValue" }], "Pump");
  await holds(world, "Pump: Speed", 950);

  assert.deepEqual(
    await latest(world),
    new Map([
      ["Temperature", 22.5],
      ["Pump: Speed", 950],
      ["Pump: sparkplug.device_online", 1],
    ]),
  );
  await eventually(async () => {
    const { inventory } = await world.client.call("cpl/dm/device/find", { device: "press" });
    return inventory["Properties/Firmware"] === "1.4" && inventory["Pump/Serial"] === "P-7";
  }, "the facts");
  const { state, conditions = [], speaks } = await world.client.call("cpl/dm/device/find", { device: given.device });
  assert.deepEqual([state, conditions, speaks], ["active", [], "sparkplug"]);

  await node.leave();
  await eventually(async () => (await presenceOf(world)) === "offline", "the edge node to be offline");
  await holds(world, "Pump: sparkplug.device_online", 0);
});

test("what was lost on the way is a gap, and the edge node is asked for its births", async () => {
  await using world = await aWorld();
  await using node = await EdgeNodeClient.connect(world.where, await declare(world));
  assert.deepEqual(await node.subscribe("spBv1.0/Plant 1/NCMD/Line 2"), [1]);
  await node.birth(number("a", 1));
  await holds(world, "a", 1);

  node.lose(5);
  await node.say("NDATA", [number("a", 2)]);

  assert.deepEqual(await node.command(), ["Node Control/Rebirth"]);
  await holds(world, "a", 2);
  const { gaps } = await world.client.call("cpl/ta/history", { device: "press" });
  assert.deepEqual(
    gaps.filter(({ reason }) => reason === "not-received").map(({ records }) => records),
    [5],
  );
  const { streams } = await world.client.call("cpl/dm/device/accounting", { device: "press" });
  const telemetry = streams.find(({ stream }) => stream === "telemetry");
  assert.deepEqual([telemetry?.received, telemetry?.explained], [2, 5]);
});

test("an edge node whose connection is cut is not there any more, nor are its devices", async () => {
  await using world = await aWorld();
  await using node = await EdgeNodeClient.connect(world.where, await declare(world));
  await node.birth();
  await node.say("DBIRTH", [], "Pump");
  await online(world);

  node.client.stream.destroy();

  await holds(world, "Pump: sparkplug.device_online", 0);
  await eventually(async () => (await presenceOf(world)) !== "online", "the edge node to be missed");
});

test("an edge node that connects anew takes the place of its own connection, and the late will of that changes nothing", async () => {
  await using world = await aWorld();
  const given = await declare(world);
  await using first = await EdgeNodeClient.connect(world.where, given, { session: 1 });
  await first.birth(number("a", 1));
  await online(world);

  await using second = await EdgeNodeClient.connect(world.where, given, { session: 2 });
  await first.closed;
  await second.birth(number("a", 2));
  await holds(world, "a", 2);

  assert.equal(await presenceOf(world), "online");
});

test("a control plane that is killed goes on with the edge node where it stopped, and suspects nobody", async () => {
  await using world = await aWorld();
  const given = await declare(world);
  {
    await using node = await EdgeNodeClient.connect(world.where, given, { session: 1 });
    await node.birth(number("a", 1));
    await node.say("NDATA", [number("a", 2)]);
    await holds(world, "a", 2);
    await world.controlPlane.kill();
    await node.closed;
  }
  await world.controlPlane.start();

  await using node = await EdgeNodeClient.connect(world.where, given, { session: 2 });
  await node.birth(number("a", 3));
  await holds(world, "a", 3);
  await online(world);

  const { state } = await world.client.call("cpl/dm/device/find", { device: "press" });
  const { series } = await world.client.call("cpl/ta/history", { device: "press" });
  const { streams } = await world.client.call("cpl/dm/device/accounting", { device: "press" });
  assert.equal(state, "active");
  assert.deepEqual(
    series.map(({ metric, value }) => [metric, value]),
    [["a", [1, 2, 3]]],
  );
  assert.equal(streams.find(({ stream }) => stream === "telemetry")?.acknowledged, 3);
});

test("edge nodes are told that their host is there, and before it goes that it is not", async () => {
  await using world = await aWorld();
  await using node = await EdgeNodeClient.connect(world.where, await declare(world));
  await node.subscribe("spBv1.0/STATE/edgemere");

  await node.hostState(({ online: isOnline, timestamp }) => isOnline && timestamp > 0);
  await Promise.all([node.hostState(({ online: isOnline }) => !isOnline), world.controlPlane.stop()]);
});

test("a control plane that stops says of no edge node and of no device behind one that it is gone", async () => {
  await using world = await aWorld();
  await using node = await EdgeNodeClient.connect(world.where, await declare(world));
  await node.birth();
  await node.say("DBIRTH", [], "Pump");
  await holds(world, "Pump: sparkplug.device_online", 1);

  await world.controlPlane.stop();
  await node.closed;
  await world.controlPlane.start();

  assert.equal(await presenceOf(world), "online");
  assert.equal((await latest(world)).get("Pump: sparkplug.device_online"), 1);
});

test("nobody comes in who was not declared, with another's password, or without a death of their own", async () => {
  await using world = await aWorld();
  const given = await declare(world);
  const other = await declare(world, { group: "Plant 1", node: "Line 3", name: "saw" });
  const will = (topic: string, retain = false) => ({
    will: { topic, payload: Buffer.alloc(0), qos: 1 as const, retain },
  });
  const attempts: Parameters<typeof EdgeNodeClient.connect>[] = [
    [world.where, { ...given, password: "" }],
    [world.where, { ...given, password: other.password }],
    [world.where, { ...given, userName: "Plant 1/Line 9" }],
    [world.where, { ...given, userName: given.device }],
    [world.where, { userName: "STATE/edgemere", password: given.password }],
    [world.where, given, { will: undefined as never }],
    [world.where, given, will(topicOf(other.userName, "NDEATH"))],
    [world.where, given, will(topicOf(given.userName, "NDEATH"), true)],
  ];

  const outcomes = await Promise.allSettled(attempts.map((each) => EdgeNodeClient.connect(...each)));

  assert.deepEqual([...new Set(outcomes.map(({ status }) => status))], ["rejected"]);
  await using node = await EdgeNodeClient.connect(world.where, given);
  await node.birth(number("a", 1));
  await holds(world, "a", 1);
});

test("the door for edge nodes speaks TLS 1.2 or newer, with suites that are authenticated, and nothing else", async () => {
  await using world = await aWorld();
  const { port } = world.where;

  const answers = await Promise.all([
    plainAnswer(port, "\u0010\u000c\u0000\u0004MQTT\u0004\u0002\u0000\u003c\u0000\u0000"),
    tlsAnswer(port, { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "ALL:@SECLEVEL=0" }),
    tlsAnswer(port, { maxVersion: "TLSv1.2", ciphers: WEAK_SUITES.join(":") }),
    tlsAnswer(port, { maxVersion: "TLSv1.2" }),
    tlsAnswer(port, {}),
  ]);

  assert.doesNotMatch(answers[0], /^\x20/);
  assert.deepEqual(answers.slice(1), [undefined, undefined, "TLSv1.2", "TLSv1.3"]);
});

test("an edge node neither speaks for another nor hears it", async () => {
  await using world = await aWorld();
  const [given, other] = [
    await declare(world),
    await declare(world, { group: "Plant 1", node: "Line 3", name: "saw" }),
  ];
  await using victim = await EdgeNodeClient.connect(world.where, other);
  await victim.birth(number("a", 1));
  await holds(world, "a", 1, "saw");
  const tries = ["NDATA", "NDEATH", "NBIRTH"].map((word) => topicOf(other.userName, word));

  for (const topic of [...tries, "spBv1.0/STATE/edgemere", topicOf(other.userName, "NCMD"), "edgemere/v1/x/up/hello"]) {
    await using node = await EdgeNodeClient.connect(world.where, given);
    await node.publish(topic, Buffer.alloc(0));
    await node.closed;
  }
  await using node = await EdgeNodeClient.connect(world.where, given);
  for (const filter of ["#", "spBv1.0/#", "spBv1.0/Plant 1/NCMD/Line 3", "spBv1.0/+/NDATA/+", "$SYS/#"])
    await assert.rejects(node.subscribe(filter), filter);

  assert.equal(await presenceOf(world, "saw"), "online");
  const { refusals } = await world.client.call("cpl/dm/session/refusals");
  assert.ok((refusals["not-yours"] ?? 0) >= 8 && (refusals["unknown-topic"] ?? 0) >= 3);
});

test("a new password and a retirement end the connection that there is", async () => {
  await using world = await aWorld();
  const first = await declare(world);
  await using before = await EdgeNodeClient.connect(world.where, first);

  const second = await world.client.call("cpl/dm/edgenode/renew", { device: "press" });
  await before.closed;
  await assert.rejects(EdgeNodeClient.connect(world.where, first));
  await using after = await EdgeNodeClient.connect(world.where, second);
  await world.client.call("cpl/dm/device/retire", { device: "press" });
  await after.closed;

  await assert.rejects(EdgeNodeClient.connect(world.where, second));
});

test("bombs, garbage and absurd values are counted under their reasons, and harm neither the edge node's own data nor another's", async () => {
  await using world = await aWorld();
  const [given, other] = [
    await declare(world),
    await declare(world, { group: "Plant 1", node: "Line 3", name: "saw" }),
  ];
  await using neighbour = await EdgeNodeClient.connect(world.where, other);
  await neighbour.birth(number("a", 1));
  await using hostile = await EdgeNodeClient.connect(world.where, given);
  const data = topicOf(given.userName, "NDATA");
  await hostile.birth(
    number("good", 1),
    number("endless", Infinity),
    number("n".repeat(300), 1),
    number("late", 1, { timestamp: 2 ** 52 }),
    { name: "set", datatype: 16 },
    number("\u202eevil\u001b[2J", 1),
  );

  await hostile.publish(data, Buffer.from("1200".repeat(200_000), "hex"));
  await hostile.publish(data, Buffer.from("1b".repeat(500_000), "hex"));
  await hostile.publish(data, Buffer.from('{"metrics":[]}'));
  await hostile.say("NDATA", [number("good", 2)]);
  await hostile.say(
    "DBIRTH",
    Array.from({ length: 3_000 }, (_, i) => number(`m${i}`, i)),
    "explosion",
  );

  await holds(world, "explosion: m100", 100);
  await holds(world, "good", 2);
  await neighbour.say("NDATA", [number("a", 2)]);
  await holds(world, "a", 2, "saw");
  assert.equal((await world.client.call("cpl/dm/device/find", { device: "press" })).state, "active");
  const { refusals } = await world.client.call("cpl/dm/session/refusals");
  assert.ok((refusals["too-many"] ?? 0) > 1_000);
  assert.deepEqual(
    ["malformed", "unsupported", "not-finite", "out-of-range"].map((each) => refusals[each]),
    [2, 1, 1, 2],
  );
  await hostile.publish(data, Buffer.alloc(1024 * 1024 + 4_096)).catch(() => {});
  await hostile.closed;
});
