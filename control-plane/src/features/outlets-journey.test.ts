import assert from "node:assert/strict";
import { test } from "node:test";
import { DAY, HOUR, MINUTE, SECOND } from "@edgemere/protocol/kit";
import type { RecordBody } from "@edgemere/protocol";
import { ManualClock } from "@edgemere/protocol/simulated";
import type { OutputOf } from "../platform/action.ts";
import { startTestCore, type CoreContext, type TestCore } from "../platform/core.test-support.ts";
import { memoryDatabase } from "../platform/database.ts";
import { aDevice } from "./device.test-support.ts";
import type { listOutlets } from "./outlets/contract.ts";
import { outlets, Tally, type OutletsContext, type Target } from "./outlets/index.ts";
import type { readArrivals } from "./telemetry-aggregator/contract.ts";
import { SeriesLists, telemetryAggregator, type TelemetryContext } from "./telemetry-aggregator/index.ts";

type Context = CoreContext & TelemetryContext & OutletsContext;
type World = TestCore<Context>;
type Answers = (values: readonly number[]) => {
  readonly status: number;
  readonly text?: string;
  readonly retryAfter?: number;
  readonly isGivenUp?: boolean;
};

/** A collector somewhere outside, which keeps what it took and answers as it is told. */
class Collector implements Target {
  readonly name = "otlp";
  readonly url = "https://collector.example.org/v1/metrics";
  readonly taken: number[] = [];
  requests = 0;
  answers: Answers = () => ({ status: 200 });

  readonly post: Target["post"] = async ({ body }) => {
    this.requests++;
    const values = [...new TextDecoder().decode(body).matchAll(/"asDouble":([\d.]+)/g)].map(([, value]) =>
      Number(value),
    );
    const { text = "", ...answer } = this.answers(values);
    if (answer.status === 200) this.taken.push(...values);
    return { text, ...answer };
  };
}

async function startWorld(
  collector: Collector,
  database = memoryDatabase(),
  clock = new ManualClock(),
): Promise<World> {
  const world = await startTestCore<Context>({
    features: [telemetryAggregator, outlets],
    context: {
      telemetry: { retention: 7 * DAY, seriesLists: new SeriesLists(), arrivals: 7 * DAY },
      outlets: { targets: [collector], metrics: [], labels: ["site"], tally: new Tally() },
    },
    database,
    clock,
  });
  await world.advance(SECOND);
  return world;
}

const sample = (baseMs: number, ...values: readonly number[]): RecordBody => ({
  telemetry: {
    baseMs,
    offsetMs: values.map((_, row) => row * SECOND),
    series: [{ metric: "load", instance: "", values: [...values] }],
  },
});
/** Each value at an instant of its own. */
const report = (world: World, ...values: readonly number[]) =>
  world.report("d1", "telemetry", sample(world.clock.now() - HOUR + (values[0] ?? 0) * SECOND, ...values));
const listed = async (world: World) =>
  ((await world.ask("cpl/ta/outlet/list")) as OutputOf<typeof listOutlets>).items[0];
test("what arrives is sent on once, in the order of its arrival", async () => {
  const collector = new Collector();
  await using world = await startWorld(collector);
  await world.store.commit(aDevice("d1"));
  await report(world, 1, 2);
  await world.advance(SECOND);
  await report(world, 3);
  await world.advance(20 * SECOND);
  await report(world, 4);
  await world.advance(20 * SECOND);

  assert.deepEqual(collector.taken, [1, 2, 3, 4]);
  assert.deepEqual(
    { ...(await listed(world)), sentUpTo: undefined },
    { id: "otlp", target: collector.url, state: "working", reason: "", sentUpTo: undefined, sent: 4, refused: 0 },
  );
});

test("what was there before anybody wanted it stays, and a restart goes on where it was", async () => {
  const [collector, database, clock] = [new Collector(), memoryDatabase(), new ManualClock()];
  {
    await using world = await startTestCore<CoreContext & TelemetryContext>({
      features: [telemetryAggregator],
      context: { telemetry: { retention: 7 * DAY, seriesLists: new SeriesLists(), arrivals: 7 * DAY } },
      database: { ...database, close: async () => {} },
      clock,
    });
    await world.report("d1", "telemetry", sample(clock.now(), 1));
    await world.advance(MINUTE);
  }
  {
    await using world = await startWorld(collector, { ...database, close: async () => {} }, clock);
    await world.report("d2", "telemetry", sample(clock.now(), 2));
    await world.advance(MINUTE);
    collector.answers = () => ({ status: 503 });
    await world.report("d2", "telemetry", sample(clock.now(), 3));
    await world.advance(MINUTE);
  }
  collector.answers = () => ({ status: 200 });
  await using world = await startWorld(collector, database, clock);
  await world.advance(10 * MINUTE);

  assert.deepEqual(collector.taken, [2, 3]);
});

test("a target that is down is asked less and less often, and gets all of it when it is back", async () => {
  const collector = new Collector();
  await using world = await startWorld(collector);
  collector.answers = () => ({ status: 0, text: "connect ECONNREFUSED" });
  for (let minute = 1; minute <= 30; minute++) {
    await report(world, minute);
    await world.advance(MINUTE);
  }
  const requests = collector.requests;
  const failing = await listed(world);
  collector.answers = () => ({ status: 200 });
  await world.advance(5 * MINUTE);

  assert.ok(requests > 5 && requests < 120, `${requests} requests in half an hour`);
  assert.deepEqual([failing?.state, failing?.reason], ["failing", "unreachable: connect ECONNREFUSED"]);
  assert.deepEqual(
    collector.taken,
    Array.from({ length: 30 }, (_, i) => i + 1),
  );
  assert.equal((await listed(world))?.state, "working");
  const told = (await world.eventTypes()).filter((type) => /^outlet\.(failing|working)$/.test(type));
  assert.deepEqual(told, ["outlet.working", "outlet.failing", "outlet.working"]);
});

test("a request that is given up because the control plane stops is nobody's failure", async () => {
  const collector = new Collector();
  await using world = await startWorld(collector);
  collector.answers = () => ({ status: 0, isGivenUp: true });
  await report(world, 1);
  await world.advance(20 * SECOND);

  assert.ok(collector.requests > 0);
  assert.equal((await listed(world))?.state, "working");
  collector.answers = () => ({ status: 200 });
  await world.advance(20 * SECOND);
  assert.deepEqual(collector.taken, [1]);
});

test("a target that asks for a pause gets it", async () => {
  const collector = new Collector();
  await using world = await startWorld(collector);
  collector.answers = () => ({ status: 429, retryAfter: 5 * MINUTE });
  await report(world, 1);
  await world.advance(20 * SECOND);
  await world.advance(4 * MINUTE);

  assert.equal(collector.requests, 1);
});

for (const [status, what] of [
  [400, "is found wrong"],
  [413, "is too large"],
  [422, "cannot be taken"],
] as const)
  test(`what ${what} (${status}) is counted and left out, and takes nothing else with it`, async () => {
    const collector = new Collector();
    await using world = await startWorld(collector);
    collector.answers = (values) => ({ status: values.includes(13) ? status : 200 });
    for (const value of [11, 12, 13, 14, 15]) await report(world, value);
    await world.advance(MINUTE);

    assert.deepEqual(collector.taken, [11, 12, 14, 15]);
    assert.deepEqual([(await listed(world))?.sent, (await listed(world))?.refused], [4, 1]);
    assert.equal((await listed(world))?.state, "working");
  });

for (const status of [301, 401, 403, 404, 500])
  test(`an answer ${status} has its cause in the way: nothing is left out because of it`, async () => {
    const collector = new Collector();
    await using world = await startWorld(collector);
    collector.answers = () => ({ status });
    await report(world, 1);
    await world.advance(MINUTE);
    collector.answers = () => ({ status: 200 });
    await world.advance(10 * MINUTE);

    assert.deepEqual(collector.taken, [1]);
    assert.equal((await listed(world))?.refused, 0);
  });

test("what a collector takes only a part of is counted by its own word", async () => {
  const collector = new Collector();
  await using world = await startWorld(collector);
  collector.answers = () => ({ status: 200, text: '{"partialSuccess":{"rejectedDataPoints":"2"}}' });
  await report(world, 1, 2, 3);
  await world.advance(MINUTE);

  assert.deepEqual([(await listed(world))?.sent, (await listed(world))?.refused], [1, 2]);
});

test("arrivals are read on from any position, and a position of something else is refused", async () => {
  await using world = await startWorld(new Collector());
  for (const value of [1, 2, 3]) {
    await report(world, value);
    await world.advance(SECOND);
  }
  await world.advance(MINUTE);
  const read = async (input: object) => (await world.ask("cpl/ta/arrivals", input)) as OutputOf<typeof readArrivals>;

  const first = await read({ limit: 2 });
  const second = await read({ after: first.position, limit: 2 });
  const third = await read({ after: second.position });

  const valuesOf = ({ arrivals }: typeof first) =>
    arrivals.flatMap(({ series }) => series.flatMap(({ value }) => value));
  assert.deepEqual([valuesOf(first), valuesOf(second), valuesOf(third)], [[1, 2], [3], []]);
  assert.equal(third.position, second.position);
  await assert.rejects(read({ after: Buffer.from("sdevice").toString("base64url") }), { type: "invalid-input" });
});
