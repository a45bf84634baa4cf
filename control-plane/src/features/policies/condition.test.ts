import assert from "node:assert/strict";
import { test } from "node:test";
import { MINUTE } from "@edgemere/protocol/kit";
import type { Reading } from "@edgemere/protocol/policy";
import { Problem } from "../../platform/problem.ts";
import { compilePolicyCondition } from "./condition.ts";

const values: Readonly<Record<string, readonly (readonly [instance: string, value: number])[]>> = {
  "cpu.busy_percent": [["", 95]],
  "filesystem.used_percent": [
    ["/", 40],
    ["/data", 97],
  ],
};

/** A device at one instant. Its only window is the last five minutes of its processor. */
const reading: Reading = {
  view: { name: "gw-1", presence: "online", labels: { site: "berlin" }, inventory: {}, capabilities: [] },
  newest: (metric) => new Map(values[metric] ?? []),
  window: ({ metric, instance, span }) =>
    metric === "cpu.busy_percent" && instance === undefined && span === 5 * MINUTE
      ? { count: 4, sum: 320, min: 60, max: 99 }
      : undefined,
  happened: (type) => (type === "command.failed" ? 3 : 0),
};

const verdict = (text: string) => compilePolicyCondition(text).judge(reading).verdict;
const verdicts = (texts: readonly string[]) => texts.map((text) => [text, verdict(text)]);
const all = (texts: readonly string[], expected: string) => texts.map((text) => [text, expected]);
const refusal = (text: string): string => {
  try {
    compilePolicyCondition(text);
    return "none";
  } catch (error) {
    assert.ok(error instanceof Problem && error.type === "invalid-input", String(error));
    return error.message;
  }
};

test("a condition holds over fields, newest values, windows and events", () => {
  const texts = [
    'value("cpu.busy_percent") > 90',
    'value("cpu.busy_percent") > 90 && presence == "online"',
    'value("filesystem.used_percent", "/data") >= 97',
    'highest("filesystem.used_percent") > 90',
    'lowest("filesystem.used_percent") == 40',
    'total("filesystem.used_percent") == 137.0',
    'mean("cpu.busy_percent", "5m") == 80',
    'max("cpu.busy_percent", "5m") > 98 && min("cpu.busy_percent", "300s") == 60',
    'count("cpu.busy_percent", "5m") == 4',
    'happened("command.failed", "1h") >= 3',
    'known("cpu.busy_percent") && !known("battery.charge_percent")',
    'labels.site == "berlin"',
  ];

  assert.deepEqual(verdicts(texts), all(texts, "met"));
});

test("a condition does not hold where what it says is not so, or a field is missing", () => {
  const texts = [
    'value("cpu.busy_percent") > 96',
    'presence == "offline"',
    'labels.nowhere == "x"',
    'known("battery.charge_percent") || labels.nowhere == "x"',
    'known("battery.charge_percent") && value("battery.charge_percent") < 10',
    'value("battery.charge_percent") < 10 && presence == "offline"',
  ];

  assert.deepEqual(verdicts(texts), all(texts, "unmet"));
});

test("a condition that hangs on a value that was not measured is neither true nor false", () => {
  const texts = [
    'value("battery.charge_percent") < 10',
    '!(value("battery.charge_percent") < 10)',
    'value("filesystem.used_percent") > 90',
    'value("filesystem.used_percent", "/tmp") > 90',
    'mean("battery.charge_percent", "5m") < 10',
    'value("battery.charge_percent") < 10 || labels.nowhere == "x"',
    'labels.nowhere == "x" || value("battery.charge_percent") < 10',
  ];

  assert.deepEqual(verdicts(texts), all(texts, "unknown"));
  assert.equal(verdict('value("battery.charge_percent") < 10 || presence == "online"'), "met");
});

test("what a condition looks at is known before it runs, and what it saw is told with its verdict", () => {
  const condition = compilePolicyCondition(
    'mean("cpu.busy_percent", "5m") > 90 || highest("filesystem.used_percent") > 90 || happened("command.failed", "1h") > 0',
  );

  assert.deepEqual([...condition.metrics].toSorted(), ["cpu.busy_percent", "filesystem.used_percent"]);
  assert.deepEqual(condition.windows, [{ metric: "cpu.busy_percent", instance: undefined, span: 5 * MINUTE }]);
  assert.deepEqual(condition.events, [{ type: "command.failed", span: 60 * MINUTE }]);
  assert.deepEqual(condition.judge(reading).looked, [
    { what: 'mean("cpu.busy_percent", "5m")', value: 80 },
    { what: 'highest("filesystem.used_percent")', value: 97 },
  ]);
});

test("a mistake is told with its line, its column and what there is", () => {
  assert.match(refusal('presense == "online"'), /no field "presense"; the fields are: id, name, .*line 1, column 1 of/);
  assert.match(
    refusal('presence == "online" &&\n  value(3) > 1'),
    /value\(\) takes "metric" or "metric", "instance", at line 2, column 3/,
  );
  assert.match(
    refusal('mean("cpu.busy_percent") > 1'),
    /mean\(\) takes "metric", "span" or "metric", "instance", "span"/,
  );
  assert.match(
    refusal('median("cpu.busy_percent", "5m") > 1'),
    /median\(\) is not available here; there are value, .*line 1, column 1/,
  );
  assert.match(
    refusal('value("CPU busy") > 1'),
    /"CPU busy" is no metric: a metric is called as cpu.busy_percent is, at line 1/,
  );
  assert.match(refusal('mean("cpu.busy_percent", "soon") > 1'), /"soon" is no time between 10s and 24h/);
  assert.match(refusal('happened("everything", "5m") > 1'), /"everything" is no event/);
  assert.match(
    refusal('value("cpu." + name) > 1'),
    /value\(\) takes texts in quotes that are written out, at line 1, column 7/,
  );
  assert.match(refusal('value("cpu.busy_percent") == "high"'), /no such overload: double == string/);
  assert.match(refusal('value("cpu.busy_percent")'), /gives a double; it must give true or false/);
  assert.match(refusal('presence == "online" &&'), /Unexpected token: EOF.*line 1, column 24/);
});

test("a condition that could cost more than its length shows is refused", () => {
  assert.match(refusal('name.matches("(a+)+$")'), /matches\(\) is not available here/);
  assert.match(
    refusal("capabilities.all(a, capabilities.exists(b, a == b))"),
    /exists\(\) may not stand inside another loop/,
  );
  assert.match(refusal(`presence == "online"${" || true".repeat(300)}`), /at most 2048 characters|maxAstNodes/);
});
