import assert from "node:assert/strict";
import { test } from "node:test";
import { MINUTE, SECOND, silentLog } from "@edgemere/protocol/kit";
import { ManualClock, seededRandom } from "@edgemere/protocol/simulated";
import type { HostNetwork, TelemetryReading } from "../host/host.ts";
import { ExtraSources, type Answer } from "./extra-sources.ts";
import { probeTarget } from "./probe-target.ts";
import { probes } from "./probes.ts";

const charge: TelemetryReading = { metric: "ups.charge_percent", instance: "", value: 97 };
const shown = (readings: readonly TelemetryReading[]) =>
  Object.fromEntries(readings.map(({ metric, instance, value }) => [`${metric} ${instance}`.trim(), value]));

/** One source named "ups" that gives these answers, one after the other. */
function asked(answers: readonly (Answer | Error)[]) {
  const warnings: unknown[] = [];
  const log = { ...silentLog, warn: (_: string, fields?: object) => void warnings.push({ ...fields }) };
  const waiting = [...answers];
  const read = async () => {
    const answer = waiting.shift();
    if (answer === undefined || answer instanceof Error) throw answer ?? new Error("asked too often");
    return answer;
  };
  const sources = new ExtraSources([{ name: "ups", every: MINUTE, read }], log);
  const clock = new ManualClock();
  const round = async () => {
    sources.ask("ups");
    await clock.advance(1);
    return shown(sources.take());
  };
  return { sources, warnings, round };
}

test("what a source says is taken once", async () => {
  const { sources, round } = asked([{ readings: [charge] }]);

  assert.deepEqual(await round(), { "ups.charge_percent": 97 });
  assert.deepEqual(sources.take(), []);
});

test("a refusal is counted each time and told once, until it has ended", async () => {
  const dead = new Error("no such file");
  const { warnings, round } = asked([dead, dead, { readings: [charge] }, dead]);

  const rounds = [await round(), await round(), await round(), await round()];

  const count = (value: number) => ({ "source.refused_count ups failed": value });
  assert.deepEqual(rounds, [count(1), count(2), { "ups.charge_percent": 97, ...count(2) }, count(3)]);
  const told = { source: "ups", reason: "failed", detail: "no such file" };
  assert.deepEqual(warnings, [told, told]);
});

test("a source that explodes is cut, so that the host's own series find room", async () => {
  const readings = Array.from({ length: 10_000 }, (_, i) => ({ ...charge, instance: String(i) }));
  const { warnings, round } = asked([{ readings }]);

  const told = await round();

  assert.equal(Object.keys(told).length, 201);
  assert.equal(told["source.refused_count ups too-many-series"], 1);
  assert.deepEqual(warnings, [{ source: "ups", reason: "too-many-series", detail: "9800 are left out" }]);
});

test("a source that is still at its answer is not asked again, and one that was stopped says nothing", async () => {
  let times = 0;
  let isStopped = false;
  const read = (signal: AbortSignal) => {
    times += 1;
    return new Promise<Answer>((resolve) => {
      signal.addEventListener("abort", () => {
        isStopped = true;
        resolve({ readings: [charge] });
      });
    });
  };
  const sources = new ExtraSources([{ name: "slow", every: SECOND, read }], silentLog);
  sources.ask("slow");
  sources.ask("slow");
  sources.ask("unknown");

  await sources[Symbol.asyncDispose]();
  sources.ask("slow");

  assert.deepEqual([times, isStopped, sources.take()], [1, true, []]);
});

/** Probes of targets whose answers take so long; undefined is none. */
async function probed(latencies: Readonly<Record<string, number | undefined>>) {
  const clock = new ManualClock();
  let [open, most] = [0, 0];
  const network = {
    probe: async (target, signal) => {
      most = Math.max(most, (open += 1));
      const began = clock.monotonic();
      await clock.sleep((target.kind === "dns" ? latencies[target.name] : undefined) ?? 3_600 * SECOND, signal);
      open -= 1;
      if (signal.aborted) throw new Error("no answer");
      return clock.monotonic() - began;
    },
  } satisfies Partial<HostNetwork>;
  const env = { clock, random: seededRandom(1), log: silentLog };
  const targets = Object.keys(latencies).map((name) => probeTarget(`dns:${name}`));
  const source = probes({ every: 30 * SECOND, targets }, network as unknown as HostNetwork, env);
  const round = async () => {
    const answer = source.read(new AbortController().signal);
    await clock.advance(MINUTE);
    return shown((await answer).readings);
  };
  return { round, mostAtOnce: () => most, source, clock, open: () => open };
}

test("a probe tells latency, jitter and loss by target, and of a lost one no latency", async () => {
  const { round } = await probed({ near: 20, far: undefined });
  await round();

  assert.deepEqual(await round(), {
    "probe.latency_milliseconds dns:near": 20,
    "probe.jitter_milliseconds dns:near": 0,
    "probe.lost_percent dns:near": 0,
    "probe.lost_percent dns:far": 100,
  });
});

test("thirty dead targets are asked four at a time, and none holds up the round for longer than its patience", async () => {
  const names = Array.from({ length: 30 }, (_, i) => `t${i}`);
  const { round, mostAtOnce } = await probed(Object.fromEntries(names.map((name) => [name, undefined])));

  const told = await round();

  assert.equal(mostAtOnce(), 4);
  assert.equal(Object.keys(told).length, 30);
});

test("an agent that stops waits for no probe", async () => {
  const { source, clock, open } = await probed({ far: undefined });
  const stop = new AbortController();
  const answer = source.read(stop.signal);
  await clock.advance(11 * SECOND);

  stop.abort();

  assert.deepEqual((await answer).readings, []);
  assert.equal(open(), 0);
});
