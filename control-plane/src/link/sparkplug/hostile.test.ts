import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { silentLog, type Log } from "@edgemere/protocol/kit";
import { sparkplugB, type SparkplugTopic } from "@edgemere/protocol/sparkplug";
import { aLink, device } from "../link.test-support.ts";
import { EdgeNodeLink, type Channel } from "./edge-node-link.ts";
import { bytesOf, double } from "./edge-node.test-support.ts";

type Metric = Partial<sparkplugB.Metric>;

const anyNumber = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.constantFrom(0, -1, Infinity, -Infinity, NaN, 2 ** 31, 2 ** 53, -(2 ** 63)),
);
const anyValue = fc.oneof(
  fc.nat({ max: 0xffffffff }).map((intValue) => ({ intValue, value: "intValue" })),
  fc.maxSafeInteger().map((longValue) => ({ longValue, value: "longValue" })),
  anyNumber.map((doubleValue) => ({ doubleValue, value: "doubleValue" })),
  anyNumber.map((floatValue) => ({ floatValue, value: "floatValue" })),
  fc.boolean().map((booleanValue) => ({ booleanValue, value: "booleanValue" })),
  fc.string({ unit: "binary", maxLength: 20 }).map((stringValue) => ({ stringValue, value: "stringValue" })),
  fc.constant({}),
);
const anyTime = fc.oneof(
  fc.constant(undefined),
  fc.maxSafeInteger().map(Math.abs),
  fc.integer({ min: 0, max: 3_600_000 }),
);
const anyMetric = fc
  .record({
    name: fc.oneof(
      fc.constantFrom("a", "b", "bdSeq", "__proto__", "", "a\u0000b", "n".repeat(257)),
      fc.string({ unit: "binary", maxLength: 30 }),
    ),
    alias: fc.oneof(fc.constant(undefined), fc.nat({ max: 4 }), fc.constant(2 ** 60)),
    datatype: fc.oneof(fc.constant(undefined), fc.nat({ max: 35 }), fc.constantFrom(9, 10)),
    timestamp: anyTime,
    isHistorical: fc.boolean(),
    isNull: fc.boolean(),
    value: anyValue,
  })
  .map(({ value, ...rest }) => ({ ...rest, ...value }) as Metric);
const known = (said: object): object =>
  Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
const anyBytes = fc.oneof(
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 40 }) },
  {
    weight: 8,
    arbitrary: fc
      .record({
        timestamp: anyTime,
        seq: fc.oneof(fc.constant(undefined), fc.nat({ max: 3 }), fc.nat({ max: 300 })),
        metrics: fc.array(anyMetric, { maxLength: 8 }),
      })
      .map((said) =>
        sparkplugB.Payload.encode(
          known({ ...said, metrics: said.metrics.map(known) }) as Parameters<typeof sparkplugB.Payload.encode>[0],
        ).finish(),
      ),
  },
);
const anyTopic = fc.record({
  word: fc.constantFrom("NBIRTH", "NBIRTH", "NDEATH", "NDATA", "NDATA", "DBIRTH", "DBIRTH", "DDEATH", "DDATA", "DDATA"),
  device: fc.constantFrom("pump", "tank", "constructor", "\u{1f600}"),
});
const anyMessages = fc.array(fc.tuple(anyTopic, anyBytes), { minLength: 1, maxLength: 25 });

test("whatever an edge node says, what is made of it are records that a device may send, all of them taken or explained", async () => {
  await fc.assert(
    fc.asyncProperty(anyMessages, async (messages) => {
      const { link, clock } = await aLink();
      const failures: unknown[] = [];
      const log: Log = { ...silentLog, warn: (_, fields) => failures.push(fields) };
      const node = new EdgeNodeLink({ link, clock, log }, device);
      const channel: Channel = { address: "", command: () => {}, close: () => {} };
      node.connected(channel);
      const birth = bytesOf({ seq: 0, metrics: [double("a", 1, { alias: 0 }), double("b", 1, { alias: 1 })] });
      await node.hear(channel, { group: "g", node: "n", word: "NBIRTH" }, birth);

      for (const [{ word, device: of }, bytes] of messages) {
        const topic = { group: "g", node: "n", word, ...(word.startsWith("D") && { device: of }) } as SparkplugTopic;
        await node.hear(channel, topic, bytes);
        await clock.advance(500);
        await node.look();
      }
      await node.disconnected(channel);

      assert.deepEqual(failures, []);
      for (const { upTo, received, explained } of await link.accounts(device)) {
        const lost = Object.values(explained).reduce((sum, each) => sum + each, 0);
        assert.equal(received + lost, upTo);
        assert.deepEqual(
          Object.keys(explained).filter((reason) => reason !== "not-received"),
          [],
        );
      }
      assert.equal(link.session(device), undefined);
    }),
    { numRuns: 150 },
  );
});
