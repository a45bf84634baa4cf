import assert from "node:assert/strict";
import { test } from "node:test";
import { MINUTE, SECOND, silentLog } from "@edgemere/protocol/kit";
import { ManualClock, seededRandom } from "@edgemere/protocol/simulated";
import { HostError, type PingOptions } from "../host/host.ts";
import { Pings } from "./pings.ts";

const EVERY = 30 * SECOND;

/** A process of ping that does as it is told. */
interface Process extends PingOptions {
  readonly end: (error: HostError) => void;
}

function pinging() {
  const clock = new ManualClock();
  const warned: string[] = [];
  const log = { ...silentLog, warn: (text: string) => void warned.push(text) };
  const started: Process[] = [];
  const ping = (options: PingOptions) =>
    new Promise<void>((resolve, reject) => {
      started.push({ ...options, end: reject });
      options.signal.addEventListener("abort", () => resolve());
    });
  const target = { kind: "icmp", host: "a.example" } as const;
  const env = { clock, random: seededRandom(1), log };
  const pings = new Pings({ text: "icmp:a.example", target, every: EVERY, ping, env });
  const stop = new AbortController();
  const newest = () => started.at(-1) as Process;
  const told = () => Object.fromEntries(pings.take().map(({ metric, value }) => [metric, value]));
  return { pings, clock, started, newest, told, stop, warned };
}

const cannot = (reason: HostError["reason"]) => new HostError(reason, "no");

test("answers of one process give latency, jitter and loss, each told once", () => {
  const { pings, newest, told, stop, started } = pinging();
  pings.start(stop.signal);
  pings.start(stop.signal);

  assert.deepEqual(told(), {});
  newest().onNews(20);
  newest().onNews(36);
  assert.deepEqual(told(), {
    "probe.latency_milliseconds": 36,
    "probe.jitter_milliseconds": 1,
    "probe.lost_percent": 0,
  });
  newest().onNews(undefined);
  newest().onNews(undefined);
  assert.deepEqual(told(), { "probe.jitter_milliseconds": 1, "probe.lost_percent": 50 });
  assert.deepEqual(told(), {});
  assert.equal(started.length, 1);
});

test("a host that has no ping, or may not use it, says why and tells neither an answer nor a loss", async () => {
  for (const [reason, trouble] of [
    ["not-found", "ping-missing"],
    ["not-allowed", "ping-not-allowed"],
  ] as const) {
    const { pings, clock, started, newest, told, stop, warned } = pinging();
    pings.start(stop.signal);
    newest().end(cannot(reason));
    await clock.advance(14 * MINUTE);
    for (let again = 2; again <= 4; again += 1) {
      newest().end(cannot(reason));
      await clock.advance(15 * MINUTE);
    }

    assert.equal(pings.trouble, trouble);
    assert.deepEqual(told(), {});
    assert.deepEqual(warned, ["ICMP is not measured"]);
    assert.ok(started.length >= 4 && started.length <= 9, `it was tried ${started.length} times`);
    newest().onNews(5);
    assert.equal(pings.trouble, undefined);
    stop.abort();
  }
});

test("while a name or a way is unknown each interval is a loss, and it is tried again with pauses that grow to minutes", async () => {
  const { pings, clock, started, newest, told, stop } = pinging();
  pings.start(stop.signal);

  for (let minute = 0; minute < 120; minute += 1) {
    newest().end(cannot("failed"));
    await clock.advance(MINUTE);
  }

  assert.equal(pings.trouble, undefined);
  assert.deepEqual(told(), { "probe.lost_percent": 100 });
  assert.ok(started.length < 90, `it was started ${started.length} times in two hours`);
  stop.abort();
});

test("a target that was lost ten times in a row is looked up anew by another process", async () => {
  const { pings, clock, started, newest, stop } = pinging();
  pings.start(stop.signal);

  for (let lost = 0; lost < 10; lost += 1) newest().onNews(undefined);
  await clock.advance(1);

  assert.deepEqual(
    started.map(({ signal }) => signal.aborted),
    [true, false],
  );
  stop.abort();
});

test("a process that says nothing for three intervals is replaced", async () => {
  const { pings, clock, started, stop } = pinging();
  pings.start(stop.signal);

  for (let round = 0; round < 4; round += 1) {
    await clock.advance(EVERY);
    pings.take();
  }
  assert.equal(started.length, 1);
  await clock.advance(EVERY);
  pings.take();
  await clock.advance(1);

  assert.deepEqual(
    started.map(({ signal }) => signal.aborted),
    [true, false],
  );
  stop.abort();
});

test("an agent that stops leaves no process", async () => {
  const { pings, clock, started, stop } = pinging();
  pings.start(stop.signal);

  stop.abort();
  await clock.advance(60 * MINUTE);

  assert.deepEqual(
    started.map(({ signal }) => signal.aborted),
    [true],
  );
});
