import assert from "node:assert/strict";
import { test } from "node:test";
import { formatValue, groupTitle, metricTitle, metricUnit, planCharts, readingText } from "./metric.ts";

test("the end of a metric's name says how its values are written", () => {
  assert.equal(formatValue("memory.used_bytes", 2 ** 30), "1 GiB");
  assert.equal(formatValue("network.sent_bytes_per_second", 2_048), "2 KiB/s");
  assert.equal(formatValue("cpu.busy_percent", 12), "12 %");
  assert.equal(formatValue("system.uptime_seconds", 3_660), "1 h 1 min");
  assert.equal(formatValue("load.average_1m", 2), "2");
  assert.equal(metricUnit("cpu.busy_percent"), "percent");
});

test("a step of many samples says between what they lay, and what was not recorded is not zero", () => {
  assert.equal(readingText("cpu.busy_percent", { at: 1, value: 12 }), "12 %");
  assert.equal(readingText("cpu.busy_percent", { at: 1, value: 12, low: 0, high: 100 }), "12 % (0 % – 100 %)");
  assert.equal(readingText("cpu.busy_percent", undefined), "not recorded");
});

test("a metric is titled without its group and its unit", () => {
  assert.equal(metricTitle("cpu.busy_percent"), "Busy");
  assert.equal(metricTitle("memory.bytes"), "Memory");
  assert.equal(metricTitle("load.average_15m"), "Average 15m");
});

test("what belongs together is one chart, known groups come first and no metric is left out", () => {
  const metrics = ["zoo.lions_count", "memory.used_bytes", "cpu.busy_percent", "memory.total_bytes"];

  const plan = planCharts([...metrics, ...metrics]);

  assert.deepEqual(
    plan.map(([group]) => group),
    ["cpu", "memory", "zoo"],
  );
  assert.equal(plan[1]?.[1].length, 1);
  const drawn = plan.flatMap(([, charts]) => charts.flatMap((chart) => chart.metrics));
  assert.ok(metrics.every((metric) => drawn.includes(metric)));
});

test("a metric that is named as what every object knows is a metric like any other", () => {
  const names = ["__proto__", "constructor.x_bytes", "toString"];

  assert.deepEqual(
    planCharts(names).map(([group, plans]) => [groupTitle(group), plans.map(({ title }) => title)]),
    [
      ["__proto__", ["Proto"]],
      ["Constructor", ["X"]],
      ["ToString", ["ToString"]],
    ],
  );
});
