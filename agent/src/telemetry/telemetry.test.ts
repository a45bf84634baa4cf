import assert from "node:assert/strict";
import { test } from "node:test";
import { inColumns, limits, pack, Sketch, unpack, type RecordBody, type StreamName } from "@edgemere/protocol";
import { SECOND, type Fields } from "@edgemere/protocol/kit";
import { ManualClock, seededRandom, SimulatedDisk } from "@edgemere/protocol/simulated";
import type { Fact, Host, TelemetryReading } from "../host/host.ts";
import type { Moment, Outbox } from "../link/outbox.ts";
import { Batch } from "./batch.ts";
import { factMessages, Inventory } from "./inventory.ts";
import { Sampler } from "./sampler.ts";

const START = 1_767_225_600_000 + 3 * SECOND;
const load = (value: number): TelemetryReading => ({ metric: "load.average", instance: "1m", value });

function aWorld(parts: Partial<Pick<Host, "sample" | "inventory">>) {
  const clock = new ManualClock(START);
  const sent: { stream: StreamName; body: RecordBody; made: Moment | undefined }[] = [];
  const warnings: string[] = [];
  const log = {
    debug: () => {},
    info: () => {},
    error: () => {},
    warn: (message: string, _?: Fields) => void warnings.push(message),
  };
  const env = { clock, random: seededRandom(1), disk: new SimulatedDisk(), log };
  const outbox: Outbox = { append: async (stream, body, made) => void sent.push({ stream, body, made }) };
  const config = { sampleEvery: 10 * SECOND, reportEvery: 30 * SECOND, inventoryEvery: 3_600 * SECOND };
  return { clock, sent, warnings, parts: { env, host: parts as Host, outbox, config } };
}

const batches = (sent: readonly { body: RecordBody }[]) => sent.flatMap(({ body }) => body.telemetry ?? []);

test("the first sample is sent at once, the others at whole multiples of the intervals", async () => {
  const { clock, sent, parts } = aWorld({ sample: async () => [load(1)] });
  await using sampler = new Sampler(parts);

  sampler.start();
  await clock.advance(60 * SECOND);

  const [first, second, third] = batches(sent);
  assert.equal(first?.baseMs, START);
  assert.deepEqual([second?.baseMs, second?.offsetMs], [START + 7_000, [0, 10_000, 20_000]]);
  assert.deepEqual([third?.baseMs, third?.offsetMs], [START + 37_000, [0, 10_000, 20_000]]);
  assert.equal(sampler.sampled, 7);
});

test("a clock that steps back begins a new batch, and measuring goes on", async () => {
  const { clock, sent, parts } = aWorld({ sample: async () => [load(1)] });
  const sampler = new Sampler(parts);
  sampler.start();
  await clock.advance(18 * SECOND);

  clock.step(-3_600 * SECOND);
  await clock.advance(60 * SECOND);
  await sampler[Symbol.asyncDispose]();

  const all = batches(sent);
  assert.ok(all.every(({ offsetMs }) => offsetMs.every((offset, i) => offset >= (offsetMs[i - 1] ?? 0))));
  assert.ok(all.some(({ baseMs }) => baseMs < START));
  assert.ok(sampler.sampled >= 8);
});

test("samples of before and after a step of the clock are never in one batch, and each is dated by its own clock", async () => {
  const { clock, sent, parts } = aWorld({ sample: async () => [load(1)] });
  let period = 1;
  const sampler = new Sampler({ ...parts, clockPeriod: () => period });
  sampler.start();
  await clock.advance(18 * SECOND);

  clock.step(3 * SECOND);
  period = 2;
  await clock.advance(10 * SECOND);
  await sampler[Symbol.asyncDispose]();

  const rows = sent.map(({ body, made }) => [made?.clockPeriod, (made?.atMs ?? 0) - START, body.telemetry?.offsetMs]);
  assert.deepEqual(rows, [
    [1, 0, [0]],
    [1, 17_000, [0, 10_000]],
    [2, 30_000, [0]],
  ]);
});

test("each source is asked at its own times, and what one row lacks another has", async () => {
  const asked: string[] = [];
  const sample: Host["sample"] = async (sources = new Set()) => {
    asked.push([...sources].join("+"));
    return [...sources].map((source) => ({ metric: source, instance: "", value: 1 }));
  };
  const { clock, sent, parts } = aWorld({ sample });
  const telemetry = { sources: { cpu: 10 * SECOND, disks: 30 * SECOND }, rollUp: [], deadBands: [] };
  await using sampler = new Sampler({ ...parts, config: { ...parts.config, telemetry } });

  sampler.start();
  await clock.advance(30 * SECOND);

  assert.deepEqual(asked, ["cpu+disks", "cpu", "cpu", "cpu+disks"]);
  assert.deepEqual(
    batches(sent)[1]?.series?.map(({ metric, values }) => [metric, values]),
    [
      ["cpu", [1, 1, 1]],
      ["disks", [NaN, NaN, 1]],
    ],
  );
});

test("with a resolution one row stands for a window, the first sample goes out at once, and the last at the end", async () => {
  let value = 0;
  const { clock, sent, parts } = aWorld({ sample: async () => [load((value += 1))] });
  const telemetry = {
    sources: { load: 10 * SECOND },
    resolution: 30 * SECOND,
    rollUp: ["max"] as const,
    deadBands: [],
  };
  const sampler = new Sampler({ ...parts, config: { ...parts.config, telemetry } });
  sampler.start();
  await clock.advance(67 * SECOND);

  await sampler[Symbol.asyncDispose]();

  const rows = batches(sent).flatMap(({ baseMs, offsetMs, series }) =>
    offsetMs.map((offset, row) => [baseMs + offset - START, ...series.map(({ values }) => values[row])]),
  );
  assert.deepEqual(rows, [
    [0, 1],
    [17_000, 2.5, 3],
    [47_000, 5, 6],
    [67_000, 7.5, 8],
  ]);
});

test("what did not move is not sent again, and the row still says that somebody looked", async () => {
  let value = 1;
  const { clock, sent, parts } = aWorld({ sample: async () => [load(value)] });
  const deadBands = [{ metric: "load.*", change: 0, isShare: false, atLeastEvery: 3_600 * SECOND }];
  const telemetry = { sources: { load: 10 * SECOND }, rollUp: [], deadBands };
  await using sampler = new Sampler({ ...parts, config: { ...parts.config, telemetry } });
  sampler.start();
  await clock.advance(30 * SECOND);
  value = 2;
  await clock.advance(30 * SECOND);

  const shown = batches(sent).map(({ offsetMs, series }) => [offsetMs?.length, series?.map(({ values }) => values)]);
  assert.deepEqual(shown, [
    [1, [[1]]],
    [3, []],
    [3, [[2, NaN, NaN]]],
  ]);
});

test("a source that takes its time delays no sample, and its answer stands in a later row", async () => {
  const { clock, sent, parts } = aWorld({ sample: async () => [load(1)] });
  const read = async (signal: AbortSignal) => {
    await clock.sleep(25 * SECOND, signal);
    return { readings: [{ metric: "ups.charge_percent", instance: "", value: 97 }] };
  };
  const extraSources = [{ name: "ups", every: 60 * SECOND, read }];
  await using sampler = new Sampler({ ...parts, extraSources });

  sampler.start();
  await clock.advance(60 * SECOND);

  const [first, second, third] = batches(sent);
  assert.deepEqual([first?.offsetMs?.length, second?.offsetMs?.length, third?.offsetMs?.length], [1, 3, 3]);
  const charge = second?.series?.find(({ metric }) => metric === "ups.charge_percent");
  assert.deepEqual(charge?.values, [NaN, NaN, 97]);
});

test("a host that fails is told of once and asked again", async () => {
  let isBroken = true;
  const sample = async () => {
    if (isBroken) throw new Error("no /proc");
    return [load(1)];
  };
  const { clock, sent, warnings, parts } = aWorld({ sample });
  await using sampler = new Sampler(parts);
  sampler.start();
  await clock.advance(60 * SECOND);

  isBroken = false;
  await clock.advance(60 * SECOND);

  assert.deepEqual(warnings, ["sampling failed"]);
  assert.ok(batches(sent).length > 0);
});

test("what was measured is handed over when the agent stops", async () => {
  const { clock, sent, parts } = aWorld({ sample: async () => [load(1)] });
  const sampler = new Sampler(parts);
  sampler.start();
  await clock.advance(10 * SECOND);

  await sampler[Symbol.asyncDispose]();

  assert.equal(batches(sent).length, 2);
});

test("a series that comes and goes has no value in the rows it was not in", () => {
  const batch = new Batch();
  const other = { metric: "network.received_bytes_per_second", instance: "eth0", value: 5 };

  batch.add(1_000, [load(1)]);
  batch.add(2_000, [other, { ...other, value: 6 }]);
  batch.add(3_000, [load(3), { ...load(3), metric: "" }, { ...load(1), value: Infinity }]);

  const { series } = batch.message();
  assert.deepEqual(
    series.map(({ values }) => values),
    [
      [1, NaN, 3],
      [NaN, 6, NaN],
    ],
  );
  assert.equal(batch.left, 2);
});

test("sketches have what the values leave of a record: a batch full of them is a message that the other side takes", () => {
  const sketch = new Sketch();
  for (let value = 1; value < 1e6; value *= 1.02) sketch.add(value);
  const readings = Array.from({ length: 200 }, (_, i) => ({ metric: `m${i}`, instance: "", value: 1, sketch }));
  const batch = new Batch();
  for (let at = 0; batch.accepts(at, readings.length); at += SECOND) batch.add(at, readings);

  const { series } = batch.message();
  assert.ok(series.some(({ sketches }) => sketches?.[0] === sketch));
  assert.ok(series.some(({ sketches }) => sketches === undefined));
  const records = inColumns([{ sequence: 1, atMs: 1, telemetry: batch.message() }]);
  const { topic, payload } = pack(
    "telemetry",
    { device: "d1" },
    { ...records, firstUnacknowledged: 1, sessionEpoch: 1 },
  );
  assert.doesNotThrow(() => unpack(topic, payload));
});

test("the fullest batch is a message that the other side takes", () => {
  const batch = new Batch();
  const readings = Array.from({ length: 1_200 }, (_, i) => ({
    metric: `m${"é".repeat(100)}${i}`,
    instance: "",
    value: i,
  }));
  for (let at = 0; batch.accepts(at, readings.length); at += SECOND) batch.add(at, readings);

  const record = { sequence: 1, atMs: 1, telemetry: batch.message() };
  const { topic, payload } = pack(
    "telemetry",
    { device: "d1" },
    { ...inColumns([record]), firstUnacknowledged: 1, sessionEpoch: 1 },
  );

  assert.doesNotThrow(() => unpack(topic, payload));
  assert.equal(batch.message().series.length, limits.telemetrySeries);
});

test("the inventory is sent at the start, when it changed, and when somebody asks", async () => {
  let facts: readonly Fact[] = [{ name: "os.name", value: "Debian" }];
  const { clock, sent, parts } = aWorld({ inventory: async () => facts });
  await using inventory = new Inventory(parts);
  inventory.start();
  await clock.advance(2 * 3_600 * SECOND);
  const atFirst = sent.length;

  facts = [...facts, { name: "memory.total_bytes", value: 8 }, { name: "virtual", value: true }];
  await clock.advance(2 * 3_600 * SECOND);
  const count = await inventory.refresh();

  assert.equal(atFirst, 1);
  assert.equal(sent.length, 3);
  assert.equal(count, 3);
  assert.deepEqual(sent[1]?.body.inventory?.facts, [
    { name: "memory.total_bytes", number: 8 },
    { name: "os.name", text: "Debian" },
    { name: "virtual", flag: true },
  ]);
});

test("facts that no message can carry are left out", () => {
  const long = Array.from({ length: 600 }, (_, i) => ({ name: `fact.${i}`, value: "x".repeat(5_000) }));
  const facts = factMessages([{ name: "", value: 1 }, { name: "bad", value: NaN }, ...long]);
  const record = { sequence: 1, atMs: 1, inventory: { facts: [...facts] } };

  const { topic, payload } = pack(
    "event",
    { device: "d1" },
    { records: [record], firstUnacknowledged: 1, sessionEpoch: 1 },
  );

  assert.doesNotThrow(() => unpack(topic, payload));
});
