import assert from "node:assert/strict";
import { test } from "node:test";
import { withTable } from "../faults/readme.ts";
import { tableOf, type Results } from "../faults/results.ts";
import { scenarios } from "../faults/scenarios.ts";
import { textOf } from "./tree.ts";

const results = () => JSON.parse(textOf("test/faults/results.json")) as Results;

test("the README's reliability table is the one that the last full run of the fault scenarios gave", () => {
  const readme = textOf("README.md");

  assert.equal(readme, withTable(readme, tableOf(results())));
});

test("what the table tells of are scenarios that there are, under their names", () => {
  const known = new Map(scenarios.map(({ id, title }) => [id, title]));

  assert.deepEqual(
    results().scenarios.filter(({ id, title }) => known.get(id) !== title),
    [],
  );
});

test("every scenario has an id of its own", () => {
  const ids = scenarios.map(({ id }) => id);

  assert.deepEqual([...new Set(ids)], ids);
});
