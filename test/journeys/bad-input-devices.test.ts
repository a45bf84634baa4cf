import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import { after, before, test } from "node:test";
import type { Identity } from "@edgemere/agent";
import { formatTopic, keyIdOf, limits, seal, type RefusalReason, type UpTopicName } from "@edgemere/protocol";
import type { IClientOptions } from "mqtt";
import { bytesOf, connected as connectedAs, enrolled } from "../world/bare-device.ts";
import { newestNumber } from "../world/happenings.ts";
import { createJob, stateOf } from "../world/jobs.ts";
import { uncheckedColumns } from "../world/unchecked-columns.ts";
import { eventually, startWorld, type World } from "../world/world.ts";

let world: World;
let identity: Identity;
before(async () => {
  world = await startWorld();
  identity = await enrolled(world, "gw1");
});
after(() => world[Symbol.asyncDispose]());

const connected = (options?: IClientOptions) => connectedAs(identity, options);
const batchOf = <R extends { readonly sequence: number }>(...records: readonly R[]) => ({
  records,
  firstUnacknowledged: records[0]?.sequence ?? 1,
  sessionEpoch: 1,
});
const aRecord = { sequence: 1, atMs: 1_700_000_000_000 };
/** The place of the first one is taken by what stands for those that were refused. */
const aNextRecord = { ...aRecord, sequence: 2 };
const aSample = { baseMs: 1_700_000_000_000, offsetMs: [0], series: [{ metric: "cpu.used_ratio", values: [0.5] }] };
const telemetry = (more: object, sample: object = {}) => {
  const record = { ...aRecord, telemetry: { ...aSample, ...sample }, ...more };
  return bytesOf("telemetry", { ...batchOf(record), ...uncheckedColumns([record]) });
};
const ended = { command: "c1", phase: 3, startedAtMs: 1, finishedAtMs: 2 };
const LATER = Date.UTC(2300, 0, 1);

/** What is said on its own topic by a device that may be there: the connection goes on, the bytes are dropped. */
const nonsense: readonly (readonly [what: string, topic: UpTopicName, payload: Uint8Array, reason: RefusalReason])[] = [
  ["bytes that are no protobuf", "telemetry", Buffer.from("hello"), "malformed"],
  ["a message that breaks off", "telemetry", telemetry({}).subarray(0, 20), "malformed"],
  ["a Hello where telemetry is spoken", "telemetry", bytesOf("hello", { bootId: "b", sessionEpoch: 1 }), "malformed"],
  [
    "an inventory on the stream of telemetry",
    "telemetry",
    bytesOf("telemetry", batchOf({ ...aRecord, inventory: {} })),
    "wrong-body",
  ],
  ["a Hello without a boot id", "hello", bytesOf("hello", { sessionEpoch: 1 }), "missing-field"],
  ["nothing at all as a Hello", "hello", new Uint8Array(), "missing-field"],
  ["a record without a body", "event", bytesOf("event", batchOf(aRecord)), "missing-field"],
  ["a record with the number 0", "telemetry", telemetry({ sequence: 0 }), "missing-field"],
  ["a number of 2^53", "telemetry", telemetry({ sequence: 2 ** 53 }), "out-of-range"],
  ["an instant before 1970", "telemetry", telemetry({ atMs: -1 }), "out-of-range"],
  ["an instant in the year 2300", "telemetry", telemetry({ atMs: LATER }), "out-of-range"],
  ["an endless value", "telemetry", telemetry({}, { series: [{ metric: "m", values: [Infinity] }] }), "not-finite"],
  ["more values than rows", "telemetry", telemetry({}, { series: [{ metric: "m", values: [1, 2] }] }), "malformed"],
  ["a metric without a name", "telemetry", telemetry({}, { series: [{ metric: "", values: [1] }] }), "missing-field"],
  [
    "a command of an impossible id",
    "result",
    bytesOf("result", batchOf({ ...aRecord, commandReport: { ...ended, command: "../c1" } })),
    "bad-id",
  ],
  [
    "an end of a command in a phase that is none",
    "result",
    bytesOf("result", batchOf({ ...aRecord, commandReport: { ...ended, phase: 99 } })),
    "out-of-range",
  ],
  [
    "output on a third channel",
    "log",
    bytesOf("log", batchOf({ ...aRecord, commandOutput: { command: "c1", channel: "stdlog" } })),
    "out-of-range",
  ],
  [
    "numbers with a hole",
    "telemetry",
    bytesOf("telemetry", batchOf({ ...aRecord, telemetry: aSample }, { ...aRecord, sequence: 3, telemetry: aSample })),
    "out-of-range",
  ],
  [
    "more records than a batch may have",
    "event",
    bytesOf(
      "event",
      batchOf(
        ...Array.from({ length: limits.batchRecords + 1 }, (_, i) => ({
          ...aRecord,
          sequence: i + 1,
          agentEvent: { name: "n" },
        })),
      ),
    ),
    "too-many",
  ],
  ["a goodbye over its limit", "bye", bytesOf("bye", { sessionEpoch: 1, reason: "x".repeat(2_000) }), "too-large"],
];

for (const [what, topic, payload, reason] of nonsense)
  test(`${what} is counted as ${reason}, nothing is stored, and the device stays connected`, async () => {
    const before = await refusals();
    await using device = await connected();
    const stored = await newestNumber(world);

    await device.say(topic, payload);

    assert.deepEqual(await refusals(), more(before, reason));
    assert.equal(device.client.connected, true);
    assert.equal(await newestNumber(world), stored);
    assert.deepEqual((await world.client.call("cpl/ta/metrics", { device: "gw1" })).metrics, []);
  });

const forbidden: readonly (readonly [what: string, topic: (own: string) => string, reason: RefusalReason])[] = [
  ["another device's topic", () => "edgemere/v1/01ANOTHERDEVICE/up/telemetry", "not-yours"],
  ["the topic of a device that is called like events", () => "edgemere/v1/events/up/telemetry", "not-yours"],
  ["the topic of domain events", () => "edgemere/v1/events/device/online", "not-yours"],
  ["what only the control plane says", (own) => `edgemere/v1/${own}/down/command`, "wrong-direction"],
  ["a topic that is none", (own) => `edgemere/v1/${own}/up/gossip`, "unknown-topic"],
  ["another version's topic", (own) => `edgemere/v2/${own}/up/telemetry`, "unknown-topic"],
  ["a topic of the broker's own", () => "$SYS/devices/heartbeat", "unknown-topic"],
];

for (const [what, topicOf, reason] of forbidden)
  test(`a device that speaks on ${what} is counted as ${reason} and cut off`, async () => {
    const before = await refusals();
    await using device = await connected();
    const stored = await newestNumber(world);

    device.client.publish(topicOf(identity.device), Buffer.from(telemetry({})), { qos: 1 });
    await device.closed;

    assert.deepEqual(await refusals(), more(before, reason));
    assert.equal(await newestNumber(world), stored);
  });

for (const [what, options] of [
  ["a retained message", { qos: 1, retain: true }],
  ["QoS 2", { qos: 2 }],
] as const)
  test(`a device that uses ${what} is counted as out-of-range and cut off`, async () => {
    const before = await refusals();
    await using device = await connected();

    device.client.publish(formatTopic("telemetry", { device: identity.device }), Buffer.from(telemetry({})), options);
    await device.closed;

    assert.deepEqual(await refusals(), more(before, "out-of-range"));
    assert.deepEqual((await world.client.call("cpl/ta/metrics", { device: "gw1" })).metrics, []);
  });

test("a message over the limit is counted as too-large and ends the connection", async () => {
  const before = await refusals();
  await using device = await connected();

  device.client.publish(
    formatTopic("telemetry", { device: identity.device }),
    Buffer.alloc(limits.messageBytes + 4_096),
    { qos: 1 },
  );
  await device.closed;

  assert.deepEqual(
    await eventually(async () => (await refusals())["too-large"] !== before["too-large"] && refusals(), "the refusal"),
    more(before, "too-large"),
  );
});

for (const filter of [
  "#",
  "edgemere/v1/+/down/sync",
  "edgemere/v1/01ANOTHERDEVICE/down/sync",
  "$SYS/#",
  "edgemere/v1/events/#",
])
  test(`a device that wants to hear ${filter} is refused and counted`, async () => {
    const before = await refusals();
    await using device = await connected();

    await assert.rejects(device.client.subscribeAsync(filter, { qos: 1 }));

    assert.deepEqual(await refusals(), more(before, "not-yours"));
  });

for (const [what, options] of [
  ["another client id", { clientId: "01ANOTHERDEVICE" }],
  ["a user name", { username: "root", password: "secret" }],
  ["a session that outlives the connection", { clean: false }],
  ["no certificate", { key: "", cert: "" }],
] as const)
  test(`a device that comes with ${what} is not let in`, async () => {
    await assert.rejects(connected(options));

    assert.deepEqual((await world.client.call("cpl/dm/session/list")).items, []);
  });

test("what a device says of another's command changes nothing", async () => {
  await enrolled(world, "gw2");
  const job = await createJob(world, "gw2", "ping");
  const [command = ""] = (await world.client.call("cpl/dm/job/find", { job })).commands.map(({ id }) => id);
  await using device = await connected();
  const stored = await newestNumber(world);

  // Signed by the one that says it, which is not the one that the command is for.
  const privateKey = createPrivateKey(identity.messageKey);
  const signedReport = seal("result", { ...ended, command }, { keyId: keyIdOf(privateKey), privateKey });
  const reports = { ...aNextRecord, signedReport };
  const output = { ...aNextRecord, commandOutput: { command, channel: "stdout", content: Buffer.from("forged") } };
  await device.say("result", bytesOf("result", batchOf(reports)));
  await device.say("log", bytesOf("log", batchOf(output)));

  assert.equal(await stateOf(world, job), "queued");
  assert.deepEqual((await world.client.call("cpl/dm/job/output", { job })).chunks, []);
  assert.equal(await newestNumber(world), stored);
});

test("values that are odd but possible are taken: NaN stands for no value, 1970 for a clock that was never set", async () => {
  await using device = await connected();
  const before = await refusals();
  const series = [{ metric: "cpu.used_ratio", values: [Number.NaN, 0.25] }];
  const payload = telemetry({ ...aNextRecord, atMs: 0 }, { baseMs: 0, offsetMs: [0, 1_000], series });

  await device.say("telemetry", payload);

  assert.deepEqual(await refusals(), before);
  const { values } = await world.client.call("cpl/ta/latest", { device: "gw1" });
  assert.deepEqual(
    values.map(({ metric, value }) => [metric, value]),
    [["cpu.used_ratio", 0.25]],
  );
});

test("a device that was retired is not let in any more", async () => {
  await world.client.call("cpl/dm/device/retire", { device: "gw1" });

  await assert.rejects(connected(), /Not authorized/);
});

const refusals = async () => (await world.client.call("cpl/dm/session/refusals")).refusals;

const more = (before: Readonly<Record<string, number>>, reason: RefusalReason) => ({
  ...before,
  [reason]: (before[reason] ?? 0) + 1,
});
