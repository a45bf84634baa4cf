import assert from "node:assert/strict";
import { test } from "node:test";
import { metricUnits, summedMetric, unitOfMetric } from "./metric-unit.ts";

for (const [metric, unit] of [
  ["memory.used_bytes", "bytes"],
  ["network.sent_bytes_per_second", "bytes_per_second"],
  ["disk.reads_per_second", "per_second"],
  ["cpu.busy_percent", "percent"],
  ["memory.bytes", "bytes"],
  ["link.latency_milliseconds", "milliseconds"],
  ["system.uptime_seconds", "seconds"],
  ["load.average_1m", undefined],
  ["kilobytes", undefined],
  ["bytes", undefined],
  ["", undefined],
] as const)
  test(`the name ${metric || "that is empty"} tells ${unit ?? "no unit"}`, () => {
    assert.equal(unitOfMetric(metric), unit);
  });

test("each unit is told by its own name, whichever others it ends in", () => {
  assert.deepEqual(
    metricUnits.map((unit) => unitOfMetric(`some.thing_${unit}`)),
    metricUnits,
  );
});

test("what is summed up has the unit of its metric, but for numbers of samples and what grows in a second", () => {
  assert.equal(unitOfMetric(summedMetric("disk.read_bytes", "max")), "bytes");
  assert.equal(unitOfMetric(summedMetric("disk.read_bytes", "rate")), "bytes_per_second");
  assert.equal(unitOfMetric(summedMetric("disk.read_bytes", "count")), "count");
});
