import assert from "node:assert/strict";
import { test } from "node:test";
import { groupsBy, labelNames, ranked } from "./compared.ts";

const device = (name: string, labels: Record<string, string> = {}) => ({ id: name, name, labels });

test("devices are grouped by what a label says, and those without it come last", () => {
  const fleet = [
    device("c"),
    device("b", { site: "rome" }),
    device("a", { site: "oslo" }),
    device("d", { site: "rome" }),
  ];

  assert.deepEqual(
    groupsBy(fleet, "site").map(({ value, devices }) => [value, devices.map(({ name }) => name)]),
    [
      ["oslo", ["a"]],
      ["rome", ["b", "d"]],
      [undefined, ["c"]],
    ],
  );
  assert.deepEqual(groupsBy(fleet, undefined), [{ value: undefined, devices: fleet }]);
});

test("a label that is named as what every object knows is a label like any other", () => {
  const [own, other] = [device("a", { constructor: "x" }), device("b")];

  assert.deepEqual(
    groupsBy([own, other], "constructor").map(({ value }) => value),
    ["x", undefined],
  );
  assert.deepEqual(labelNames([own, other]), ["constructor"]);
});

test("the highest comes first, and what is not known last", () => {
  const values: Readonly<Record<string, number>> = { a: -1, b: 5, d: 2 };

  assert.deepEqual(
    ranked(["a", "b", "c", "d", "e"], (each) => values[each]),
    ["b", "d", "a", "c", "e"],
  );
});
