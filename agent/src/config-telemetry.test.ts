import assert from "node:assert/strict";
import { test } from "node:test";
import { HOUR, MINUTE, SECOND } from "@edgemere/protocol/kit";
import { readConfig } from "./config.ts";
import { hostSources } from "./host/host.ts";
import { profileNames, profiles } from "./telemetry/profiles.ts";

const configOf = (...argv: readonly string[]) => readConfig(argv, {});
const refusal = (...argv: readonly string[]) => {
  try {
    configOf(...argv);
    return "accepted";
  } catch (error) {
    return (error as Error).message;
  }
};

test("a profile says everything that nobody else says", () => {
  const { sampleEvery, reportEvery, keepalive, headEvery, telemetry } = configOf("--profile", "frugal");

  assert.deepEqual([sampleEvery, reportEvery, keepalive], [MINUTE, 15 * MINUTE, 5 * MINUTE]);
  assert.deepEqual([headEvery, configOf().headEvery], [30 * MINUTE, 5 * MINUTE]);
  assert.deepEqual([telemetry?.resolution, telemetry?.rollUp], [15 * MINUTE, ["max"]]);
  assert.deepEqual([telemetry?.sources.cpu, telemetry?.sources.filesystems], [MINUTE, 15 * MINUTE]);
  assert.equal(telemetry?.sources.cores, undefined);
});

test("only the detailed profile tells of each processor and each program, and it leaves nothing out", () => {
  const costly = profileNames.filter(
    (name) => "cores" in profiles[name].sources || "programs" in profiles[name].sources,
  );

  assert.deepEqual(costly, ["detailed"]);
  assert.deepEqual(Object.keys(profiles.detailed.sources).toSorted(), [...hostSources].toSorted());
});

test("a sampling interval holds for every source but those that change slowly", () => {
  const { telemetry } = configOf("--sample", "1s");

  assert.deepEqual([telemetry?.sources.cpu, telemetry?.sources.filesystems], [SECOND, MINUTE]);
});

test("a source may have an interval of its own, or none", () => {
  const { telemetry } = configOf("--every", "cores=2s", "--every", "pressure=off", "--every", "filesystems=1h");

  const { cores, pressure, filesystems, cpu } = telemetry?.sources ?? {};
  assert.deepEqual([cores, pressure, filesystems, cpu], [2 * SECOND, undefined, HOUR, 10 * SECOND]);
});

test("what is said of windows and dead-bands replaces what the profile says", () => {
  const windows = ["--profile", "frugal", "--resolution", "0", "--roll-up", "last", "--roll-up", "last"];
  const bands = ["--dead-band", "memory.*=1.5%:5m", "--dead-band", "temperature.celsius=0.5:10m"];
  const { telemetry } = configOf(...windows, ...bands);

  assert.equal(telemetry?.resolution, undefined);
  assert.deepEqual(telemetry?.rollUp, ["last"]);
  assert.deepEqual(telemetry?.deadBands, [
    { metric: "memory.*", change: 1.5, isShare: true, atLeastEvery: 5 * MINUTE },
    { metric: "temperature.celsius", change: 0.5, isShare: false, atLeastEvery: 10 * MINUTE },
  ]);
});

test("ways are looked at every half minute, each once, unless somebody says otherwise", () => {
  const way = ["--probe", "tcp://plc.example:502"];

  const targets = [{ text: "tcp://plc.example:502", target: { kind: "tcp", host: "plc.example", port: 502 } }];
  assert.deepEqual(configOf(...way, ...way).telemetry?.probes, { every: 30 * SECOND, targets });
  assert.equal(configOf(...way, "--every", "probes=2m").telemetry?.probes?.every, 2 * MINUTE);
  assert.equal(configOf(...way, "--every", "probes=off").telemetry?.probes, undefined);
  assert.equal(configOf().telemetry?.probes, undefined);
});

test("a budget is data a month in units of a thousand", () => {
  assert.equal(configOf("--data-budget", "1.5GB/month").dataBudget, 1_500_000_000);
  assert.equal(configOf().dataBudget, undefined);
});

test("what makes no sense is refused with a word on what would", () => {
  const table: readonly (readonly [argv: readonly string[], message: RegExp])[] = [
    [["--profile", "frugall"], /--profile: "frugall" is none of frugal, normal, detailed/],
    [["--profile", "frugal", "--report", "30s"], /--report must be at least as long as --sample/],
    [["--every", "cpuu=1s"], /--every cpuu: there is no such source; there are cpu, cores/],
    [["--every", "constructor=1s"], /there is no such source/],
    [["--every", "cpu=soon"], /--every cpu=soon: "soon" is not a duration/],
    [["--every", "cpu=1ms"], /--every cpu=1ms: "1ms" is too small: at least 100ms/],
    [["--roll-up", "median"], /--roll-up: "median" is none of min, max, sum, count, last/],
    [["--dead-band", "cpu=1"], /--dead-band cpu=1: write a change and a time, such as 0.5:10m or 1%:5m/],
    [["--dead-band", "cpu=-1:1m"], /write a change and a time/],
    [["--dead-band", "c*u=1:1m"], /write a metric, or its beginning and \*/],
    [["--dead-band", "cpu=1:1ms"], /--dead-band cpu=1:1ms: "1ms" is too small: at least 1s/],
    [["--probe", "plc.example"], /--probe: "plc.example" is none of tcp:/],
    [Array.from({ length: 33 }, (_, i) => ["--probe", `dns:d${i}`]).flat(), /--probe is given more than 32 times/],
    [["--data-budget", "250MB"], /--data-budget: "250MB" is not data a month such as 250MB\/month/],
    [["--data-budget", "250MiB/month"], /is not data a month/],
    [["--data-budget", "1kB/month"], /--data-budget: "1kB\/month" is too small: at least 1MB\/month/],
    [["--resolution", "2d"], /--resolution: "2d" is too large: at most 1d/],
  ];

  for (const [argv, message] of table) assert.match(refusal(...argv), message);
});
