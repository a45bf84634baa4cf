import assert from "node:assert/strict";
import { test } from "node:test";
import { MINUTE } from "@edgemere/protocol/kit";
import { fleetFigures } from "./fleet-figures.ts";

const NOW = 1_000_000_000;
const of = (
  id: string,
  ...latest: readonly (readonly [metric: string, instance: string, value: number, age?: number])[]
) => ({
  id,
  name: `name of ${id}`,
  labels: { site: "berlin", secret: "no" },
  isOnline: id === "d1",
  latest: latest.map(([metric, instance, value, age = 0]) => ({ metric, instance, value, at: NOW - age })),
});
const wanted = { metrics: ["cpu.busy_percent", "filesystem.*"], labels: ["site"], series: 100 };
const told = (...args: Parameters<typeof fleetFigures>) =>
  fleetFigures(...args).flatMap(({ name, samples }) =>
    samples.map(({ labels, value }) => [name, ...Object.values(labels), value]),
  );

test("only what was named is told of a device, with the labels that were named", () => {
  const d1 = of("d1", ["cpu.busy_percent", "", 7], ["filesystem.used_bytes", "/", 8], ["memory.used_bytes", "", 9]);

  assert.deepEqual(told([d1], wanted, NOW), [
    ["edgemere_device_info", "d1", "name of d1", "berlin", 1],
    ["edgemere_device_online", "d1", 1],
    ["edgemere_telemetry_cpu_busy_percent", "d1", 7],
    ["edgemere_telemetry_filesystem_used_bytes", "d1", "/", 8],
    ["edgemere_fleet_series_left_out", 0],
  ]);
});

test("a value that is old says nothing of now", () => {
  const values = told([of("d2", ["cpu.busy_percent", "", 7, 6 * MINUTE])], wanted, NOW);

  assert.deepEqual(
    values.map(([name]) => name),
    ["edgemere_device_info", "edgemere_device_online", "edgemere_fleet_series_left_out"],
  );
});

test("a device with a flood of series takes its own share and no more, and what is left out is counted", () => {
  const flood = of("d1", ...Array.from({ length: 2_000 }, (_, i) => ["filesystem.used_bytes", `/${i}`, i] as const));
  const values = told([flood, of("d2", ["cpu.busy_percent", "", 7])], { ...wanted, series: 1_000 }, NOW);

  assert.ok(values.some(([name, device]) => name === "edgemere_telemetry_cpu_busy_percent" && device === "d2"));
  assert.deepEqual(values.at(-1), ["edgemere_fleet_series_left_out", 1_500]);
});

test("more devices than there is room for are counted, and no series stands twice", () => {
  const devices = Array.from({ length: 10 }, (_, i) =>
    of(`d${i}`, ["filesystem.a.b", "", 1], ["filesystem.a_b", "", 2]),
  );
  const values = told(devices, { ...wanted, series: 4 }, NOW).filter(([name]) => String(name).includes("telemetry"));

  assert.deepEqual(
    values.map(([, device]) => device),
    ["d0", "d1", "d2", "d3"],
  );
  assert.deepEqual(told(devices, { ...wanted, series: 4 }, NOW).at(-1), ["edgemere_fleet_series_left_out", 16]);
});
