import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Identity } from "@edgemere/agent";
import { formatTopic, subscriptionsOf, topics, type DeviceTopicName, type GivenRecord } from "@edgemere/protocol";
import { DAY, HOUR } from "@edgemere/protocol/kit";
import type { IClientOptions } from "mqtt";
import { bytesOf, connected, enrolled, type BareDevice } from "../world/bare-device.ts";
import { newestNumber } from "../world/happenings.ts";
import { createJob, stateOf } from "../world/jobs.ts";
import { uncheckedColumns } from "../world/unchecked-columns.ts";
import { eventually, startWorld, type World } from "../world/world.ts";
import { foreignFilters } from "./foreign-filters.ts";

let world: World;
let victim: Identity;
before(async () => {
  world = await startWorld();
  victim = await enrolled(world, "victim");
});
after(() => world[Symbol.asyncDispose]());

const refusals = async (device: string) => (await world.client.call("cpl/dm/device/accounting", { device })).refusals;
const deviceTopics = (Object.keys(topics) as (keyof typeof topics)[]).filter(
  (name): name is DeviceTopicName => topics[name].way !== "out",
);
const hello = (sessionEpoch = 1) => bytesOf("hello", { bootId: "boot-1", sessionEpoch, agentVersion: "0.1.0" });
const batchOf = (...records: readonly GivenRecord[]) => ({
  ...uncheckedColumns(records),
  firstUnacknowledged: 1,
  sessionEpoch: 1,
});

/** Connects, listens to all that is its own, says hello, and writes down what it hears. */
async function listening(identity: Identity, options: IClientOptions = {}): Promise<BareDevice & { heard: string[] }> {
  const device = await connected(identity, options);
  const heard: string[] = [];
  device.client.on("message", (topic) => heard.push(topic));
  await device.client.subscribeAsync([...subscriptionsOf(identity.device)], { qos: 1 });
  await device.say("hello", hello());
  await hears({ heard }, formatTopic("sync", identity));
  return { ...device, heard };
}

const hears = ({ heard }: { readonly heard: readonly string[] }, topic: string): Promise<unknown> =>
  eventually(async () => heard.includes(topic), `something on ${topic}`);

test("T04 a device that speaks on any topic of another, or of the control plane, in any way is cut off, and nobody hears it", async () => {
  const attacker = await enrolled(world, "speaker");
  // That a certificate is used for the first time is an event of its own.
  await (await connected(attacker))[Symbol.asyncDispose]();
  await using listener = await listening(victim);
  listener.heard.length = 0;
  const stored = await newestNumber(world);
  const targets = [
    ...deviceTopics.map((name) => formatTopic(name, victim)),
    ...deviceTopics.filter((name) => topics[name].way === "down").map((name) => formatTopic(name, attacker)),
    formatTopic("domainEvent", { class: "device", event: "retired" }),
    `$SYS/devices/new/clients`,
    `$SYS/${victim.device}/new/clients`,
    `edgemere/v1/${victim.device}/up/hello/`,
    `/edgemere/v1/${victim.device}/up/hello`,
    `edgemere/v1/${victim.device}`,
  ];
  const ways = [{ qos: 0 }, { qos: 1 }, { qos: 2 }, { qos: 1, retain: true }] as const;

  for (const topic of targets) {
    const way = ways[targets.indexOf(topic) % ways.length] ?? ways[0];
    await using device = await connected(attacker);
    device.client.publish(topic, Buffer.from(hello(99)), way);
    await device.closed;
  }

  const counted = await refusals("speaker");
  const { "not-yours": foreign = 0, "wrong-direction": wrong = 0, "unknown-topic": unknown = 0 } = counted;
  assert.equal(foreign + wrong + unknown, targets.length);
  // What was said to it before its own answer would have come before it.
  await listener.say("hello", hello());
  await hears(listener, formatTopic("sync", victim));
  assert.deepEqual([...new Set(listener.heard)], [formatTopic("sync", victim)]);
  const { events } = await world.client.call("ia/event/list", { after: stored, limit: 500 });
  assert.deepEqual([...new Set(events.map(({ subject }) => subject))], []);
});

for (const [what, options] of [
  ["on the topic of another", { topic: "up/bye" }],
  ["on what the control plane says to another", { topic: "down/command" }],
  ["on its own topic, retained", { topic: "own", retain: true }],
  ["on its own topic, with QoS 2", { topic: "own", qos: 2 as const }],
] as const)
  test(`T04 a device that wants a will ${what} does not come in, and that is counted`, async () => {
    const name = `willing-${what.replaceAll(/[^a-z0-9]/gi, "-")}`;
    const attacker = await enrolled(world, name);
    const { topic, ...more } = options;
    const will = {
      topic: topic === "own" ? formatTopic("bye", attacker) : `edgemere/v1/${victim.device}/${topic}`,
      payload: "",
      qos: 1 as const,
      ...more,
    };

    await assert.rejects(connected(attacker, { will }));

    await eventually(async () => (await refusals(name))["not-yours"] === 1, "the refusal to be counted");
  });

test("T04 a device cannot connect as another, and the other stays connected", async () => {
  const attacker = await enrolled(world, "impostor");
  await using other = await listening(victim);

  await assert.rejects(connected(attacker, { clientId: victim.device }));

  other.heard.length = 0;
  await other.say("hello", hello());
  await hears(other, formatTopic("sync", victim));
  assert.ok(((await refusals("impostor"))["not-admitted"] ?? 0) > 0);
});

test("T05 of two hundred filters for what is not its own a device is granted none, alone or beside one of its own", async () => {
  const attacker = await enrolled(world, "eavesdropper");
  const filters = foreignFilters({ own: attacker.device, other: victim.device });
  assert.ok(new Set(filters).size >= 200);
  await createJob(world, "victim", "ping");
  await using device = await connected(attacker);
  const heard: string[] = [];
  device.client.on("message", (topic) => heard.push(topic));
  const granted: number[][] = [];
  device.client.on("packetreceive", (packet) => packet.cmd === "suback" && granted.push(packet.granted as number[]));
  const own = formatTopic("sync", attacker);

  // A SUBSCRIBE of eight, the first of them its own; each grant stands at its place.
  for (let at = 0; at < filters.length; at += 7)
    await device.client.subscribeAsync([own, ...filters.slice(at, at + 7)], { qos: 1 }).catch(() => {});

  assert.equal(granted.length, Math.ceil(filters.length / 7));
  for (const [first, ...rest] of granted) {
    assert.equal(first, 1);
    assert.deepEqual(new Set(rest), new Set([128]));
  }
  // What is said to the other now goes by.
  await using other = await listening(victim);
  await hears(other, formatTopic("sync", victim));
  await device.say("hello", hello());
  await eventually(async () => heard.includes(own), "its own sync");
  assert.deepEqual([...new Set(heard)], [own]);
  assert.equal((await refusals("eavesdropper"))["not-yours"], filters.length);
});

test("T05 a device that asks for two hundred foreign filters is in quarantine for it", async () => {
  const found = await eventually(async () => {
    const row = await world.client.call("cpl/dm/device/find", { device: "eavesdropper" });
    return row.state === "quarantined" && row;
  }, "the quarantine");

  assert.match(found.quarantineReason ?? "", /floods the control plane: more than 50 messages that are refused/);
});

test("T05 no session is restored: a device that asks for one does not come in, and its filters end with its connection", async () => {
  const attacker = await enrolled(world, "returning");
  await assert.rejects(connected(attacker, { clean: false }));
  const first = await listening(attacker);
  await first.client.endAsync();

  await using second = await connected(attacker);
  const heard: string[] = [];
  second.client.on("message", (topic) => heard.push(topic));
  await second.say("hello", hello(2));
  await second.client.subscribeAsync(formatTopic("ack", attacker), { qos: 1 });
  await second.say("telemetry", bytesOf("telemetry", batchOf({ sequence: 1, atMs: 1, telemetry: aSample(1) })));
  await eventually(async () => heard.length > 0, "the acknowledgement");

  assert.deepEqual([...new Set(heard)], [formatTopic("ack", attacker)]);
});

test("T05 a message that a device wants to have kept is refused, and nobody who comes later hears it", async () => {
  const attacker = await enrolled(world, "retainer");
  {
    await using device = await connected(attacker);
    device.client.publish(formatTopic("event", attacker), "kept", { qos: 1, retain: true });
    await device.closed;
  }

  await using later = await listening(attacker);

  assert.deepEqual(later.heard, [formatTopic("sync", attacker)]);
  assert.equal((await refusals("retainer"))["out-of-range"], 1);
});

const aSample = (baseMs: number) => ({ baseMs, offsetMs: [0], series: [{ metric: "cpu.used_ratio", values: [0.5] }] });

for (const [what, clocks, doubtful] of [
  ["says that its clock is right are kept apart as doubtful", [{ clockPeriod: 1, offsetMs: 0, uncertaintyMs: 10 }], 3],
  ["knows nothing of its clock are dated by when they came", [], 0],
] as const)
  test(`T24 samples of a future from a device that ${what}, and nobody is shown them as how it is now`, async () => {
    const name = `liar-${doubtful}`;
    const liar = await enrolled(world, name);
    await using device = await listening(liar);
    const now = Date.now();
    const futures = [2 * DAY, 30 * DAY, 3_650 * DAY];

    for (const [place, ahead] of futures.entries())
      await device.say(
        "telemetry",
        bytesOf("telemetry", {
          ...batchOf({ sequence: place + 1, atMs: now + ahead, clockPeriod: 1, telemetry: aSample(now + ahead) }),
          clocks,
        }),
      );

    const { values } = await world.client.call("cpl/ta/latest", { device: name });
    assert.deepEqual(
      values.filter(({ at }) => at > Date.now() + HOUR / 2),
      [],
    );
    const { items } = await world.client.call("cpl/ta/doubtful", { device: name });
    assert.equal(items.length, doubtful);
  });

const forged = { startedAtMs: 1, finishedAtMs: 2 };
for (const [what, stream, body] of [
  ["the result of its command", "result", (command: string) => ({ commandReport: { ...forged, phase: 3, command } })],
  [
    "output of its command",
    "log",
    (command: string) => ({ commandOutput: { command, channel: "stdout", content: Buffer.from("forged") } }),
  ],
] as const)
  test(`T24 a device that names another inside of a message changes nothing of it: ${what}`, async () => {
    const liar = await enrolled(world, `liar-${stream}`);
    const job = await createJob(world, "victim", "ping");
    const [command = ""] = (await world.client.call("cpl/dm/job/find", { job })).commands.map(({ id }) => id);
    await using device = await listening(liar);

    const record = { sequence: 1, atMs: Date.now(), ...body(command) };
    await device.say(stream, bytesOf(stream, batchOf(record)));
    await eventually(async () => device.heard.includes(formatTopic("ack", liar)), "the acknowledgement");

    assert.equal(await stateOf(world, job), "queued");
    assert.deepEqual((await world.client.call("cpl/dm/job/output", { job })).chunks, []);
  });
