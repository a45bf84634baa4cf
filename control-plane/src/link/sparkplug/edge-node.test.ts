import assert from "node:assert/strict";
import { test } from "node:test";
import { readSparkplugPayload, sparkplugLimits, type SparkplugTopic } from "@edgemere/protocol/sparkplug";
import { EdgeNode } from "./edge-node.ts";
import { aliased, bdSeq, bytesOf, double, text, types, type Said } from "./edge-node.test-support.ts";

const NOW = 1_750_000_000_000;
const topicOf = (word: SparkplugTopic["word"], device: string) =>
  ({ group: "g", node: "n", word, ...(word.startsWith("D") && { device }) }) as SparkplugTopic;
const hear = (node: EdgeNode, word: SparkplugTopic["word"], said: Said, device = "pump") =>
  node.hear(topicOf(word, device), readSparkplugPayload(bytesOf(said)), NOW);
const born = (...metrics: NonNullable<Said["metrics"]>) => {
  const node = new EdgeNode();
  hear(node, "NBIRTH", { seq: 0, timestamp: NOW, metrics: [bdSeq(3), ...metrics] });
  return node;
};
const shown = ({ samples }: ReturnType<typeof hear>) =>
  samples.map(({ metric, instance, value }) => [metric, instance, value]);
const reasons = ({ refusals }: ReturnType<typeof hear>) => refusals.map(({ reason }) => reason);

test("a birth says what an edge node has, and how that stands", () => {
  const node = new EdgeNode();
  const told = hear(node, "NBIRTH", {
    seq: 0,
    timestamp: NOW,
    metrics: [bdSeq(3), double("temperature", 21.5), text("firmware", "1.4")],
  });

  assert.deepEqual(told, {
    samples: [{ metric: "temperature", instance: "", at: NOW, value: 21.5 }],
    refusals: [],
    lost: 0,
    needsBirths: false,
  });
  assert.deepEqual([node.isBorn, node.bdSeq, node.facts()], [true, 3, [["firmware", "1.4"]]]);
});

test("data goes by alias or by name, with the type that the birth declared", () => {
  const node = born(double("a", 1, { alias: 7 }), double("b", 2));

  const told = hear(node, "NDATA", { seq: 1, timestamp: NOW, metrics: [aliased(7, 3), double("b", 4)] });

  assert.deepEqual(shown(told), [
    ["a", "", 3],
    ["b", "", 4],
  ]);
});

test("a device's metrics are its own: the same alias means another metric at another device", () => {
  const node = born();
  hear(node, "DBIRTH", { seq: 1, metrics: [double("speed", 1, { alias: 1 })] }, "pump");
  hear(node, "DBIRTH", { seq: 2, metrics: [double("level", 1, { alias: 1 })] }, "tank");

  const pump = hear(node, "DDATA", { seq: 3, metrics: [aliased(1, 5)] }, "pump");
  const tank = hear(node, "DDATA", { seq: 4, metrics: [aliased(1, 6)] }, "tank");

  assert.deepEqual(
    [...shown(pump), ...shown(tank)],
    [
      ["speed", "pump", 5],
      ["level", "tank", 6],
    ],
  );
});

test("a device's birth and death are samples: 1 and 0", () => {
  const node = born();

  const birth = hear(node, "DBIRTH", { seq: 1, timestamp: NOW });
  const death = hear(node, "DDEATH", { seq: 2, timestamp: NOW });
  const after = hear(node, "DDATA", { seq: 3, metrics: [double("a", 1)] });

  assert.deepEqual(shown(birth), [["sparkplug.device_online", "pump", 1]]);
  assert.deepEqual(shown(death), [["sparkplug.device_online", "pump", 0]]);
  assert.deepEqual([shown(after), reasons(after), after.needsBirths], [[], ["not-born"], true]);
});

test("with the edge node all of its devices that were there are gone, and nothing that it says then is understood", () => {
  const node = born(double("a", 1));
  hear(node, "DBIRTH", { seq: 1 }, "pump");
  hear(node, "DBIRTH", { seq: 2 }, "tank");
  hear(node, "DDEATH", { seq: 3 }, "tank");

  const gone = node.die(NOW);
  const after = hear(node, "NDATA", { seq: 4, metrics: [double("a", 2)] });

  assert.deepEqual(
    gone.map(({ instance, value }) => [instance, value]),
    [["pump", 0]],
  );
  assert.deepEqual([node.isBorn, shown(after), reasons(after), after.needsBirths], [false, [], ["not-born"], true]);
});

const sequences: readonly (readonly [what: string, seqs: readonly number[], lost: readonly number[]])[] = [
  ["one after the other", [1, 2, 3], [0, 0, 0]],
  ["one is missing", [2, 3], [1, 0]],
  ["ten are missing", [1, 12], [0, 10]],
  ["the first number comes again, which is all the way around", [0], [255]],
];
for (const [what, seqs, lost] of sequences)
  test(`sequence numbers: ${what}`, () => {
    const node = born(double("a", 1));

    const told = seqs.map((seq) => hear(node, "NDATA", { seq, metrics: [double("a", 2)] }));

    assert.deepEqual(
      told.map((each) => [each.lost, each.needsBirths, each.samples.length]),
      lost.map((each) => [each, each > 0, 1]),
    );
  });

test("after 255 comes 0, and a birth may begin anywhere", () => {
  const node = new EdgeNode();
  hear(node, "NBIRTH", { seq: 255, metrics: [double("a", 1)] });

  assert.equal(hear(node, "NDATA", { seq: 0 }).lost, 0);
});

test("a message without a sequence number cannot be placed and is not taken", () => {
  const node = born(double("a", 1));

  const data = hear(node, "NDATA", { metrics: [double("a", 2)] });
  const birth = hear(new EdgeNode(), "NBIRTH", { metrics: [double("a", 2)] });

  assert.deepEqual([...reasons(data), ...reasons(birth)], ["missing-field", "missing-field"]);
  assert.deepEqual([shown(data), shown(birth)], [[], []]);
});

test("what no birth has named is counted and asked for; the rest of the message is taken", () => {
  const node = born(double("a", 1, { alias: 1 }));

  const told = hear(node, "NDATA", { seq: 1, metrics: [aliased(99, 5), aliased(1, 6), double("b", 7)] });

  assert.deepEqual(shown(told), [["a", "", 6]]);
  assert.deepEqual([reasons(told), told.needsBirths], [["not-born", "not-born"], true]);
});

const bad: readonly (readonly [what: string, metric: NonNullable<Said["metrics"]>[number], reason: string])[] = [
  ["no name", { datatype: types.double, doubleValue: 1, value: "doubleValue" }, "missing-field"],
  ["no data type", { name: "a", doubleValue: 1, value: "doubleValue" }, "missing-field"],
  ["a name that is too long", double("n".repeat(257), 1), "out-of-range"],
  ["a name with a zero in it", double("a\u0000b", 1), "out-of-range"],
  ["an alias beyond 2^53", double("a", 1, { alias: 2 ** 60 }), "out-of-range"],
  ["a data set", { name: "a", datatype: types.dataSet }, "unsupported"],
  ["an endless value", double("a", Infinity), "not-finite"],
  ["a time in another age", double("a", 1, { timestamp: 2 ** 52 }), "out-of-range"],
  ["an old value of no time", double("a", 1, { timestamp: 5, isHistorical: true }), "out-of-range"],
];
for (const [what, metric, reason] of bad)
  test(`a metric with ${what} is refused as ${reason}, and the one beside it is taken`, () => {
    const told = hear(new EdgeNode(), "NBIRTH", { seq: 0, timestamp: NOW, metrics: [metric, double("good", 1)] });

    assert.deepEqual(reasons(told), [reason]);
    assert.deepEqual(shown(told), [["good", "", 1]]);
  });

test("a name such as constructor is a name like any other", () => {
  const node = born(double("constructor", 1), double("__proto__", 2));

  const told = hear(node, "NDATA", { seq: 1, metrics: [double("__proto__", 3), double("toString", 4)] });

  assert.deepEqual(shown(told), [["__proto__", "", 3]]);
});

test("a metric that is null has no sample, and no complaint", () => {
  const told = hear(born(double("a", 1)), "NDATA", { seq: 1, metrics: [{ name: "a", isNull: true }] });

  assert.deepEqual([shown(told), reasons(told)], [[], []]);
});

test("a metric has its own time, else that of its message, else that of its arrival", () => {
  const node = born(double("a", 1));
  const at = (said: Said) => hear(node, "NDATA", said).samples[0]?.at;

  assert.equal(at({ seq: 1, timestamp: NOW - 9, metrics: [double("a", 1, { timestamp: NOW - 5 })] }), NOW - 5);
  assert.equal(at({ seq: 2, timestamp: NOW - 9, metrics: [double("a", 1)] }), NOW - 9);
  assert.equal(at({ seq: 3, metrics: [double("a", 1)] }), NOW);
});

test("what was kept while nobody listened goes to its own time", () => {
  const told = hear(born(double("a", 1)), "NDATA", {
    seq: 1,
    timestamp: NOW,
    metrics: [double("a", 5, { timestamp: NOW - 3_600_000, isHistorical: true })],
  });

  assert.deepEqual(
    told.samples.map(({ at, value }) => [at, value]),
    [[NOW - 3_600_000, 5]],
  );
});

test("a birth that repeats a sample does not add it again", () => {
  const node = born(double("a", 1, { timestamp: NOW - 100 }));

  const same = hear(node, "NBIRTH", { seq: 0, metrics: [double("a", 1, { timestamp: NOW - 100 })] });
  const newer = hear(node, "NBIRTH", { seq: 0, metrics: [double("a", 2, { timestamp: NOW - 50 })] });

  assert.deepEqual([shown(same), shown(newer)], [[], [["a", "", 2]]]);
});

test("texts are facts, those of a device under its name; the newest counts and an old one changes nothing", () => {
  const node = born(text("firmware", "1.4"));
  hear(node, "DBIRTH", { seq: 1, metrics: [text("serial", "x")] });
  hear(node, "NDATA", { seq: 2, metrics: [text("firmware", "1.5")] });
  hear(node, "NDATA", { seq: 3, metrics: [text("firmware", "1.3", { isHistorical: true })] });

  assert.deepEqual(node.facts(), [
    ["firmware", "1.5"],
    ["pump/serial", "x"],
  ]);
});

test("what the protocol says of itself is no metric", () => {
  const told = hear(born(), "DBIRTH", {
    seq: 1,
    timestamp: NOW,
    metrics: [double("Device Control/Scan", 1), bdSeq(1), double("Node Control/Rebirth", 1)],
  });

  assert.deepEqual(shown(told), [["sparkplug.device_online", "pump", 1]]);
});

test("metrics beyond what is kept are counted, whoever of the edge node and its devices has them", () => {
  const many = (count: number) => Array.from({ length: count }, (_, i) => double(`m${i}`, i));
  const node = born(...many(sparkplugLimits.metrics - 10));

  const told = hear(node, "DBIRTH", { seq: 1, timestamp: NOW, metrics: many(15) });

  assert.deepEqual(
    reasons(told),
    Array.from({ length: 5 }, () => "too-many"),
  );
  assert.equal(told.samples.length, 11);
});

test("devices beyond what is kept are counted; one that is gone makes room", () => {
  const node = born();
  let seq = 0;
  const say = (word: "DBIRTH" | "DDEATH", device: string) => hear(node, word, { seq: (seq = (seq + 1) % 256) }, device);
  for (let i = 0; i < sparkplugLimits.devices; i++) say("DBIRTH", `d${i}`);

  const refused = say("DBIRTH", "one more");
  say("DDEATH", "d0");
  const taken = say("DBIRTH", "one more");

  assert.deepEqual([reasons(refused), reasons(taken)], [["too-many"], []]);
});

test("texts beyond what an inventory holds are counted", () => {
  const told = hear(new EdgeNode(), "NBIRTH", {
    seq: 0,
    metrics: Array.from({ length: 502 }, (_, i) => text(`t${i}`, "x")),
  });

  assert.deepEqual(reasons(told), ["too-many", "too-many"]);
});
