import assert from "node:assert/strict";
import test from "node:test";
import picocolors from "picocolors";
import { measured } from "./measured.ts";
import { renderOutput } from "./table.ts";

for (const [metric, value, text] of [
  ["cpu.busy_percent", 12.3456789, "12.3457 %"],
  ["memory.used_bytes", 3 * 1024 ** 3, "3.0 GiB"],
  ["network.sent_bytes_per_second", 2_048, "2.0 KiB/s"],
  ["disk.reads_per_second", 7, "7 /s"],
  ["temperature.celsius", 41.5, "41.5 \u00b0C"],
  ["link.latency_milliseconds", 3, "3 ms"],
  ["system.uptime_seconds", 60, "60 s"],
  ["load.average_1m", 0.5, "0.5"],
  ["cpu.busy_percent", null, "-"],
] as const)
  test(`${String(value)} of ${metric} is written ${text}`, () => {
    assert.equal(measured(metric, value), text);
  });

const style = { colours: picocolors.createColors(false), width: undefined, headers: true, columns: undefined };

test("groups of a query are lines with units, and their windows what tells most of them", () => {
  const at = 1_767_225_600_000;
  const series = [
    {
      by: { site: "\u001b[2Joslo" },
      metric: "cpu.busy_percent",
      devices: 2,
      overall: 20,
      before: 10,
      change: 1,
      value: [10, null, 30],
    },
    {
      by: { site: "" },
      metric: "cpu.busy_percent",
      devices: 0,
      overall: null,
      before: 10,
      change: null,
      value: [null, null, null],
    },
  ];

  assert.equal(
    renderOutput("cpl/ta/query", { step: "10s", function: "mean", at: [at, at + 1, at + 2], series }, style),
    [
      "step      10s",
      "function  mean",
      "",
      "series",
      "SITE      METRIC            VALUE  BEFORE  CHANGE  LEAST  LARGEST  LAST  DEVICES",
      "\u241b[2Joslo  cpu.busy_percent  20 %   10 %    +100 %  10 %   30 %     30 %  2",
      "-         cpu.busy_percent  -      10 %    -       -      -        -     0",
      "",
    ].join("\n"),
  );
});

test("numbers of samples and what grows in a second have units of their own", () => {
  const told = (summing: string) =>
    renderOutput(
      "cpl/ta/query",
      { function: summing, at: [], series: [{ by: {}, metric: "disk.read_bytes", overall: 2_048, value: [2_048] }] },
      style,
    );

  assert.match(told("max"), /2\.0 KiB {2}/);
  assert.match(told("rate"), /2\.0 KiB\/s {2}/);
  assert.match(told("count"), / 2048 {2}/);
});

test("a device's history is a line for each of its series", () => {
  const series = [{ metric: "load", instance: "", at: [1, 2], value: [3, 1] }];

  assert.match(
    renderOutput("cpl/ta/history", { device: "d1", series, gaps: [] }, style),
    /METRIC {2}INSTANCE {2}LEAST {2}LARGEST {2}LAST {2}SAMPLES\nload {4}- {9}1 {6}3 {8}1 {5}2\n/,
  );
});
