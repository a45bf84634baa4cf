import assert from "node:assert/strict";
import { test } from "node:test";
import {
  deathTopic,
  isEdgeNodeName,
  isForEdgeNode,
  mayEdgeNodeHear,
  nodeCommandTopic,
  parseSparkplugTopic,
  stateTopic,
} from "./topics.ts";

const line2 = { group: "Plant 1", node: "Line 2" };

test("what an edge node says of itself and of its devices is told apart by its topic", () => {
  assert.deepEqual(parseSparkplugTopic("spBv1.0/Plant 1/NBIRTH/Line 2"), { ...line2, word: "NBIRTH" });
  assert.deepEqual(parseSparkplugTopic("spBv1.0/Plant 1/DDATA/Line 2/Pump"), {
    ...line2,
    word: "DDATA",
    device: "Pump",
  });
  assert.deepEqual(parseSparkplugTopic(deathTopic(line2)), { ...line2, word: "NDEATH" });
});

const strange: readonly string[] = [
  "",
  "spBv1.0",
  "spAv1.0/g/NBIRTH/n",
  "spBv1.0/g/NBIRTH",
  "spBv1.0/g/NBIRTH/n/d",
  "spBv1.0/g/DBIRTH/n",
  "spBv1.0/g/DDATA/n/d/e",
  "spBv1.0/g/NCMD/n",
  "spBv1.0/g/nbirth/n",
  "spBv1.0/g/constructor/n",
  "spBv1.0//NDATA/n",
  "spBv1.0/g/NDATA/",
  "spBv1.0/g/NDATA/+",
  "spBv1.0/g/DDATA/n/#",
  "spBv1.0/g/DDATA/n/a\u0000b",
  "spBv1.0/STATE/NDATA/n",
  "spBv1.0/STATE/edgemere",
  `spBv1.0/g/NDATA/${"n".repeat(257)}`,
];
for (const topic of strange)
  test(`${JSON.stringify(topic.slice(0, 40))} is no topic that an edge node speaks on`, () => {
    assert.equal(parseSparkplugTopic(topic), undefined);
  });

test("a group called as the topics of hosts is no name of an edge node, nor is one with a wildcard or a slash", () => {
  const names = ["STATE", "a/b", "+", "a#", "", "a\u202eb"].map((group) => ({ group, node: "n" }));

  assert.deepEqual(names.map(isEdgeNodeName), [false, false, false, false, false, false]);
  assert.equal(isEdgeNodeName(line2), true);
});

const filters: readonly (readonly [filter: string, may: boolean])[] = [
  ["spBv1.0/Plant 1/NCMD/Line 2", true],
  ["spBv1.0/Plant 1/NCMD/Line 2/#", true],
  ["spBv1.0/Plant 1/DCMD/Line 2/#", true],
  ["spBv1.0/Plant 1/DCMD/Line 2/+", true],
  ["spBv1.0/Plant 1/DCMD/Line 2/Pump", true],
  ["spBv1.0/STATE/edgemere", true],
  ["spBv1.0/STATE/+", true],
  ["spBv1.0/STATE/#", true],
  ["spBv1.0/STATE/another", false],
  ["spBv1.0/Plant 1/NCMD/Line 20", false],
  ["spBv1.0/Plant 1/NCMD/+", false],
  ["spBv1.0/Plant 1/+/Line 2", false],
  ["spBv1.0/Plant 1/NDATA/Line 2", false],
  ["spBv1.0/Plant 1/DCMD/Line 2/a/b", false],
  ["spBv1.0/#", false],
  ["#", false],
  ["$SYS/#", false],
];
for (const [filter, may] of filters)
  test(`an edge node ${may ? "may" : "may not"} hear ${filter}`, () => {
    assert.equal(mayEdgeNodeHear(line2, "edgemere", filter), may);
  });

test("an edge node is sent its own commands and the state of its host, and nothing else", () => {
  const sent = [
    nodeCommandTopic(line2),
    stateTopic("edgemere"),
    stateTopic("another"),
    nodeCommandTopic({ group: "g", node: "n" }),
  ];

  assert.deepEqual(
    sent.map((topic) => isForEdgeNode(line2, "edgemere", topic)),
    [true, true, false, false],
  );
});
