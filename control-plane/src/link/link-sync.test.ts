import assert from "node:assert/strict";
import { test } from "node:test";
import { checksumAt, limits, open, pack, recordChecksum, seal, v1, type StreamName } from "@edgemere/protocol";
import { memoryDatabase } from "../platform/database.ts";
import { acknowledged, aLink, device, signingKey, trust } from "./link.test-support.ts";

test("the answer to a Hello says what is stored, what waits, and how much may be sent", async () => {
  const command = seal("command", { command: "c1", sequence: 7 }, signingKey);
  const { carrier, hello, report, clock } = await aLink({
    commands: [command],
    cancelled: ["c0"],
    latestSequence: 9,
    more: true,
  });
  await report(1, "a", "b");

  await hello(4);

  const [sync] = carrier.messages("sync");
  assert.ok(sync?.head);
  assert.equal(sync.sessionEpoch, 4);
  assert.deepEqual(acknowledged(sync.acknowledgements), { result: 0, event: 2, telemetry: 0, log: 0 });
  assert.deepEqual([sync.moreCommands, sync.serverTimeMs], [true, clock.now()]);
  assert.deepEqual(
    sync.commands.map(({ payload }) => Buffer.from(payload ?? [])),
    [Buffer.from(command.payload ?? [])],
  );
  assert.deepEqual(
    [sync.limits?.messageBytes, sync.limits?.windowBytes, sync.limits?.pauseMs],
    [limits.messageBytes, limits.windowBytes, 0],
  );
  const head = open("syncHead", sync.head, trust);
  assert.deepEqual([head.device, head.latestSequence, head.keyringVersion, head.asOfMs], [device, 9, 3, clock.now()]);
  assert.deepEqual(head.cancelledCommands, ["c0"]);
  assert.deepEqual(head.brokerAddresses, ["mqtts://one.test:8883"]);
});

test("a device that still keeps records that are stored is told their checksums, and no other device is", async () => {
  const { carrier, hello, report } = await aLink();
  await report(1, "a", "b", "c");

  await hello(1, { streams: [{ stream: "event", firstUnacknowledged: 3, next: 5 }] });
  await hello(2, { streams: [{ stream: "event", firstUnacknowledged: 4, next: 5 }] });
  await hello(3, { streams: [{ stream: "event", firstUnacknowledged: 2, next: 3 }] });

  const told = carrier
    .messages("sync")
    .map(({ acknowledgements }) => acknowledgements.find(({ stream }) => stream === "event")?.checksums ?? []);
  assert.deepEqual(
    told.map(({ length }) => length > 0),
    [true, false, false],
  );
  const [checksums = new Uint8Array()] = told;
  const record = { sequence: 3, atMs: 1, agentEvent: { name: "event", detail: "c" } };
  assert.equal(checksumAt(checksums as Uint8Array, 3, 3), recordChecksum(v1.Record.encode(record).finish()));
});

test("features hear of a session before its device does", async () => {
  const { link, news, hello } = await aLink();
  const told: number[] = [];
  link.attach({ disconnect: () => {}, send: async () => void told.push(news.length) });

  await hello();

  assert.deepEqual(told, [1]);
});

test("records are acknowledged when they are durable, and not before", async () => {
  const database = memoryDatabase();
  let landed = 0;
  const { link, hello, report } = await aLink(
    {},
    {
      ...database,
      batch: async (operations) => {
        await database.batch(operations);
        landed++;
      },
    },
  );
  await hello();
  landed = 0;
  const acks: number[] = [];
  link.attach({ disconnect: () => {}, send: async () => void acks.push(landed) });

  await report(1, "a");

  assert.deepEqual(acks, [1]);
});

test("when storing fails the device is not answered, and the error is for its carrier", async () => {
  const database = memoryDatabase();
  let isFull = false;
  const { carrier, hello, report } = await aLink(
    {},
    {
      ...database,
      batch: async (operations) => {
        if (isFull) throw new Error("no space left");
        await database.batch(operations);
      },
    },
  );
  await hello();
  isFull = true;

  await assert.rejects(report(1, "a"), /no space left/);

  assert.deepEqual(carrier.messages("ack"), []);
});

test("records that come again are stored once and acknowledged again", async () => {
  const { carrier, hello, report, details } = await aLink();
  await hello();

  await report(1, "a", "b");
  await report(1, "a", "b", "c");

  assert.deepEqual(await details(), ["a", "b", "c"]);
  assert.deepEqual(
    carrier.messages("ack").map(({ acknowledgements }) => acknowledged(acknowledgements)),
    [{ event: 2 }, { event: 3 }],
  );
});

test("a batch behind a hole waits, and its acknowledgement says where to go on", async () => {
  const { carrier, hello, report, details } = await aLink();
  await hello();

  await report(3, "c");
  await report(1, "a", "b");

  assert.deepEqual(await details(), ["a", "b"]);
  assert.deepEqual(
    carrier.messages("ack").map(({ acknowledgements }) => acknowledged(acknowledgements)),
    [{ event: 0 }, { event: 2 }],
  );
});

test("batches of one device that come at once are taken one after another", async () => {
  const { hello, report, details } = await aLink();
  await hello();

  await Promise.all([report(1, "a"), report(2, "b"), report(3, "c")]);

  assert.deepEqual(await details(), ["a", "b", "c"]);
});

test("a device that broke one promise is heard again", async () => {
  const { news, hello, report, details, say } = await aLink();
  await say("edgemere/v1/device-1/up/event", Buffer.from("nonsense"));

  await hello();
  await report(1, "a");

  assert.deepEqual([news.length, await details()], [1, ["a"]]);
});

test("the end of a session is told with its reason, and the end of an older one is not", async () => {
  const { link, news, hello, bye } = await aLink();
  await hello(5);

  await bye(4, "lost");
  assert.equal(link.session(device)?.epoch, 5);
  await bye(5, "stopped");

  assert.equal(link.session(device), undefined);
  assert.deepEqual(
    news.map(({ kind, epoch, reason }) => [kind, epoch, reason]),
    [
      ["opened", 5, "hello"],
      ["closed", 5, "stopped"],
    ],
  );
});

test("a session remembers since when, and when it was last heard of", async () => {
  const { link, clock, hello, report } = await aLink();
  await hello(5);
  const since = clock.now();
  await clock.advance(1_000);

  await report(1, "a");

  assert.deepEqual(link.sessions()[0], {
    device,
    epoch: 5,
    since,
    lastHeardAt: since + 1_000,
    address: "192.0.2.1",
  });
});

test("a connection that drops without a word ends its session, and tells nobody: its will does", async () => {
  const { link, news, hello, report } = await aLink();
  await hello(5);

  link.dropped(device);
  await report(1, "the last of what was on its way");

  assert.deepEqual([link.sessions(), news.length], [[], 1]);
});

test("a device that goes while its Hello is stored leaves no session behind", async () => {
  const { link, hello, report } = await aLink();

  const storing = hello(5);
  link.dropped(device);
  await storing;
  await report(1, "the last of what was on its way");

  assert.deepEqual(link.sessions(), []);
});

test("nothing is sent to a device that is away", async () => {
  const { link, carrier, report } = await aLink();

  await report(1, "a");
  link.resync(device);
  await link.send(device, pack("ack", { device }, {}));

  assert.deepEqual(carrier.sent, []);
});

test("a resync brings what waits now, and a carrier that fails at it does no harm", async () => {
  const { link, carrier, hello, report } = await aLink();
  await hello();
  link.resync(device);
  await report(1, "a");
  assert.equal(carrier.messages("sync").length, 2);
  link.attach({ disconnect: () => {}, send: () => Promise.reject(new Error("gone")) });

  link.resync(device);

  await assert.rejects(report(2, "b"), /gone/);
});

test("who speaks on a topic that only the control plane speaks on is counted", async () => {
  const { link, say } = await aLink();
  const { topic, payload } = pack("ack", { device }, {});

  await say(topic, payload);
  await say("edgemere/v1/device-2/up/hello", pack("hello", { device: "device-2" }, { bootId: "b" }).payload);
  await say("somewhere/else", payload);
  await say("edgemere/v1/device-1/up/hello", Buffer.alloc(limits.messageBytes + 1));

  assert.deepEqual(link.refusals(), { "wrong-direction": 1, "not-yours": 1, "unknown-topic": 1, "too-large": 1 });
});

for (const stream of ["telemetry", "result", "log"] as const satisfies readonly StreamName[]) {
  test(`records of ${stream} that no feature takes are acknowledged all the same`, async () => {
    const { link, carrier, hello } = await aLink();
    await hello();
    const gap = { upTo: 3, records: 3, reason: "spool-full" };
    const { topic, payload } = pack(
      stream,
      { device },
      { records: [{ sequence: 1, atMs: 1, gap }], firstUnacknowledged: 4 },
    );

    await link.arrived(device, topic, payload, "192.0.2.1");

    assert.deepEqual(acknowledged(carrier.messages("ack")[0]?.acknowledgements ?? []), { [stream]: 3 });
  });
}
