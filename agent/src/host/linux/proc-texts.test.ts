import assert from "node:assert/strict";
import test from "node:test";
import { coreCounters, cpuMeasurements } from "./cpu.ts";
import { diskCounters } from "./disks.ts";
import { loadReadings, uptimeReadings } from "./load.ts";
import { lookAt, readingsOf } from "./measurement.ts";
import type { Measurement } from "./measurement.ts";
import { memoryReadings } from "./memory.ts";
import { networkCounters } from "./network.ts";
import { pressureMeasurements } from "./pressure.ts";

/** Everything two texts, ten seconds apart, say. */
function between(
  parse: (text: string) => readonly Measurement[],
  texts: { readonly before: string; readonly now: string },
): Record<string, number> {
  const readings = readingsOf(parse(texts.now), lookAt(0, parse(texts.before)), 10_000);
  return Object.fromEntries(readings.map(({ metric, instance, value }) => [`${metric} ${instance}`.trim(), value]));
}

test("/proc/stat tells how busy the processors are by where their ticks went", () => {
  const before = "cpu  100 10 50 800 20 5 5 10 0 0\ncpu0 100 10 50 800 20 5 5 10 0 0\nctxt 1000\nprocs_running 2";
  const now = "cpu  130 20 70 840 40 10 10 30 9 9\ncpu0 130 20 70 840 40 10 10 30 9 9\nctxt 3000\nprocs_running 3";

  assert.deepEqual(between(cpuMeasurements, { before, now }), {
    "cpu.busy_percent": 60,
    "cpu.user_percent": 26.667,
    "cpu.system_percent": 13.333,
    "cpu.iowait_percent": 13.333,
    "cpu.interrupt_percent": 6.667,
    "cpu.steal_percent": 13.333,
    "system.context_switches_per_second": 200,
    "processes.running_count": 3,
  });
});

test("/proc/stat tells of each processor, of 256 the first 128, and of one that was switched on since then nothing", () => {
  const line = (core: number, ticks: string) => `cpu${core} ${ticks} 0 0`;
  const cores = (count: number, ticks: string) =>
    ["cpu  1 1 1 1 1 1 1 1 0 0", ...Array.from({ length: count }, (_, core) => line(core, ticks))].join("\n");
  const before = cores(255, "100 0 0 100 0 0 0 0").replace(`${line(3, "100 0 0 100 0 0 0 0")}\n`, "");

  const told = between(coreCounters, { before, now: cores(256, "160 0 0 120 10 0 0 10") });

  const instances = Object.keys(told).filter((series) => series.startsWith("cpu.core_busy_percent"));
  assert.equal(instances.length, 127);
  assert.equal(told["cpu.core_busy_percent 3"], undefined);
  assert.deepEqual(
    ["busy", "iowait", "steal"].map((kind) => told[`cpu.core_${kind}_percent 127`]),
    [70, 10, 10],
  );
});

test("counters that went back are a gap for this kind of time only", () => {
  const before = "cpu  100 0 0 100 50 0 0 0 0 0";
  const now = "cpu  200 0 0 200 40 0 0 0 0 0";

  const told = between(cpuMeasurements, { before, now });

  assert.equal(told["cpu.iowait_percent"], undefined);
  assert.ok((told["cpu.user_percent"] ?? NaN) <= 100);
});

test("a disk that did nothing has no latency", () => {
  const text = "8 0 sda 10 0 100 40 20 0 200 60 0 1000 0";

  const told = between((each) => diskCounters(each, new Set(["sda"])), { before: text, now: text });

  assert.equal(told["disk.reads_per_second sda"], 0);
  assert.equal(
    Object.keys(told).some((series) => series.includes("latency")),
    false,
  );
});

test("/proc/meminfo gives bytes, and used is what is not available", () => {
  const text =
    "MemTotal:  1000 kB\nMemFree:  100 kB\nMemAvailable:  250 kB\nBuffers: 10 kB\nCached: 90 kB\nDirty: 1 kB\nSwapTotal: 4 kB\nSwapFree: 1 kB";

  assert.deepEqual(between(memoryReadings, { before: text, now: text }), {
    "memory.total_bytes": 1_024_000,
    "memory.available_bytes": 256_000,
    "memory.used_bytes": 768_000,
    "memory.used_percent": 75,
    "memory.cached_bytes": 102_400,
    "memory.dirty_bytes": 1_024,
    "swap.total_bytes": 4_096,
    "swap.used_bytes": 3_072,
  });
});

test("/proc/diskstats tells of whole disks only, in bytes", () => {
  const before =
    "8 0 sda 10 0 100 40 20 0 200 60 0 1000 0\n8 1 sda1 10 0 100 0 20 0 200 0 0 1000 0\n7 0 loop0 1 1 1 1 1 1 1 1 1 1 1";
  const now =
    "8 0 sda 20 0 200 90 40 0 400 160 0 6000 0\n8 1 sda1 20 0 200 0 40 0 400 0 0 6000 0\n7 0 loop0 2 2 2 2 2 2 2 2 2 2 2";

  assert.deepEqual(
    between((text) => diskCounters(text, new Set(["sda", "loop0"])), { before, now }),
    {
      "disk.reads_per_second sda": 1,
      "disk.read_bytes_per_second sda": 5_120,
      "disk.writes_per_second sda": 2,
      "disk.written_bytes_per_second sda": 10_240,
      "disk.read_latency_milliseconds sda": 5,
      "disk.write_latency_milliseconds sda": 5,
      "disk.busy_percent sda": 50,
    },
  );
});

test("/proc/net/dev tells of interfaces that lead out, also where no blank follows the colon", () => {
  const head = "Inter-|   Receive |  Transmit\n face |bytes packets\n";
  const before = `${head}    lo: 1 1 1 1 0 0 0 0 1 1 1 1 0 0 0 0\n  eth0:100 1 0 0 0 0 0 0 200 2 0 0 0 0 0 0\n`;
  const now = `${head}    lo: 2 2 2 2 0 0 0 0 2 2 2 2 0 0 0 0\n  eth0:1100 21 10 20 0 0 0 0 2200 32 40 50 0 0 0 0\n`;

  assert.deepEqual(between(networkCounters, { before, now }), {
    "network.received_bytes_per_second eth0": 100,
    "network.received_packets_per_second eth0": 2,
    "network.received_errors_per_second eth0": 1,
    "network.received_drops_per_second eth0": 2,
    "network.sent_bytes_per_second eth0": 200,
    "network.sent_packets_per_second eth0": 3,
    "network.sent_errors_per_second eth0": 4,
    "network.sent_drops_per_second eth0": 5,
  });
});

test("/proc/pressure tells the share of time in which tasks waited", () => {
  const before = "some avg10=0.00 avg60=0.00 avg300=0.00 total=1000000\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0";
  const now =
    "some avg10=9.00 avg60=0.00 avg300=0.00 total=6000000\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=1000000";

  assert.deepEqual(
    between((text) => pressureMeasurements("io", text), { before, now }),
    {
      "pressure.some_percent io": 50,
      "pressure.some_10s_percent io": 9,
      "pressure.full_percent io": 10,
      "pressure.full_10s_percent io": 0,
    },
  );
});

test("/proc/loadavg and /proc/uptime are told as they are", () => {
  const load = "0.50 0.25 0.10 3/412 31337\n";

  assert.deepEqual(between(loadReadings, { before: load, now: load }), {
    "load.average_1m": 0.5,
    "load.average_5m": 0.25,
    "load.average_15m": 0.1,
    "threads.total_count": 412,
  });
  assert.deepEqual(between(uptimeReadings, { before: "", now: "12923.38 25000.00\n" }), {
    "system.uptime_seconds": 12_923.38,
  });
});

test("a text that the kernel does not show gives nothing", () => {
  const parsers = [cpuMeasurements, coreCounters, memoryReadings, networkCounters, loadReadings, uptimeReadings];

  assert.deepEqual(
    parsers.map((parse) => between(parse, { before: "", now: "" })),
    parsers.map(() => ({})),
  );
});
