import assert from "node:assert/strict";
import { test } from "node:test";
import { inColumns, limits, pack, schemaIn, schemaNameFrom, type GivenRecord, type v1 } from "@edgemere/protocol";
import { SECOND } from "@edgemere/protocol/kit";
import { memoryDatabase } from "../platform/database.ts";
import { acknowledged, aLink, device } from "./link.test-support.ts";

type Link = Awaited<ReturnType<typeof aLink>>;

/** One row of these series, the first of which has the number as its value. */
const sampled = (sequence: number, ...metrics: readonly string[]): GivenRecord => ({
  sequence,
  atMs: 1_000,
  telemetry: { baseMs: 1_000, offsetMs: [0], series: metrics.map((metric, i) => ({ metric, values: [sequence + i] })) },
});
const told = (...records: readonly GivenRecord[]) => ({
  ...inColumns(records),
  firstUnacknowledged: 1,
  sessionEpoch: 1,
});
const untold = (...records: readonly GivenRecord[]) => ({ ...told(...records), schemas: [] });
const say = ({ link }: Link, batch: v1.RecordBatch.$Properties, from = device) => {
  const { topic, payload } = pack("telemetry", { device: from }, batch);
  return link.arrived(from, topic, payload, "192.0.2.1");
};

/** What the features were given, as the values of each record. */
const taken = ({ received }: Link) =>
  received.flatMap(({ records, samples }) =>
    records.map(({ sequence, gap }) => gap?.reason ?? samples.get(sequence)?.series.map(({ values }) => values[0])),
  );
const answers = ({ carrier }: Link) =>
  carrier
    .messages("ack")
    .map(({ acknowledgements, unknownSchemas }) => [
      acknowledged(acknowledgements)["telemetry"],
      unknownSchemas.map(schemaNameFrom),
    ]);
const nameOf = (...metrics: readonly string[]) =>
  schemaIn({ series: metrics.map((metric) => ({ metric, instance: "" })) }).name;

async function aWorld(database = memoryDatabase(), room: Parameters<typeof aLink>[2] = {}): Promise<Link> {
  const world = await aLink({}, database, room);
  await world.hello();
  return world;
}

test("a schema that was told once is known from then on, also after a restart", async () => {
  const database = memoryDatabase();
  const before = await aWorld(database);
  await say(before, told(sampled(1, "a", "b")));
  await say(before, untold(sampled(2, "a", "b")));
  const world = await aWorld(database);
  await say(world, untold(sampled(3, "a", "b")));

  assert.deepEqual(taken(before), [
    [1, 2],
    [2, 3],
  ]);
  assert.deepEqual(taken(world), [[3, 4]]);
  assert.deepEqual(world.link.refusals(), {});
});

test("a batch whose schema is not known is not taken and counted, the device is asked for it, and then nothing is lost", async () => {
  const world = await aWorld();
  await say(world, untold(sampled(1, "a")));
  await say(world, told(sampled(1, "a")));

  assert.deepEqual(answers(world), [
    [0, [nameOf("a")]],
    [1, []],
  ]);
  assert.deepEqual(taken(world), [[1]]);
  assert.deepEqual(world.link.refusals(device), { "unknown-schema": 1 });
});

test("what stands before a record of an unknown schema is taken, and what stands behind it waits", async () => {
  const world = await aWorld();
  const { schemas } = told(sampled(1, "a"));
  const batch = untold(sampled(1, "a"), sampled(2, "x"), sampled(3, "a"), sampled(4, "y"));
  await say(world, { ...batch, schemas });

  assert.deepEqual(taken(world), [[1]]);
  assert.deepEqual(answers(world), [[1, [nameOf("x"), nameOf("y")]]]);
});

test("what comes again and is stored already needs no schema", async () => {
  const world = await aWorld();
  await say(world, { ...told(sampled(1, "a"), sampled(2, "b")), sessionEpoch: 1 });
  await say(world, { ...told(sampled(3, "c")), sessionEpoch: 2 });
  await say(world, untold(sampled(1, "a"), sampled(2, "b"), sampled(3, "c")));

  assert.deepEqual(answers(world).at(-1), [3, []]);
  assert.deepEqual(world.link.refusals(), {});
});

test("a schema is stored with the records that need it, and not without them", async () => {
  const database = memoryDatabase();
  const fails = await aWorld(database, { fails: () => true });
  await say(fails, told(sampled(1, "a")));
  const hole = await aWorld(database);
  await say(hole, told(sampled(2, "a")));
  const needless = await aWorld(database);
  await say(needless, { ...told(sampled(1, "b")), schemas: [...told(sampled(1, "a"), sampled(2, "b")).schemas] });
  const world = await aWorld(database);
  await say(world, untold(sampled(2, "a")));

  assert.deepEqual([taken(hole), taken(needless), taken(world)], [[], [[1]], []]);
  assert.deepEqual(answers(world), [[1, [nameOf("a")]]]);
});

test("what an earlier session told is forgotten when a later one tells what it needs", async () => {
  const database = memoryDatabase();
  const world = await aWorld(database);
  await say(world, told(sampled(1, "a"), sampled(2, "b")));
  await say(world, { ...told(sampled(3, "b")), sessionEpoch: 2 });
  await say(world, { ...untold(sampled(4, "b")), sessionEpoch: 2 });
  await say(world, { ...untold(sampled(5, "a")), sessionEpoch: 2 });
  const again = await aWorld(database);
  await say(again, { ...untold(sampled(5, "a")), sessionEpoch: 2 });

  assert.deepEqual(taken(world), [[1], [2], [3], [4]]);
  assert.deepEqual([answers(world).at(-1), answers(again)], [[4, [nameOf("a")]], [[4, [nameOf("a")]]]]);
});

test("of too many schemas in one session the oldest are forgotten, which is counted, and asked for when they are needed", async () => {
  const database = memoryDatabase();
  const world = await aWorld(database);
  const last = limits.telemetrySchemas + 6;
  for (let number = 1; number <= last; number++) {
    await world.clock.advance(SECOND);
    await say(world, told(sampled(number, `m${number}`)));
  }
  await say(world, untold(sampled(last + 1, "m7")));
  const again = await aWorld(database);
  await say(again, untold(sampled(last + 2, `m${last}`)));
  await say(again, untold(sampled(last + 3, "m6")));

  assert.equal(taken(world).length, last + 1);
  assert.deepEqual(world.link.refusals(device), { "too-many-schemas": 6 });
  assert.deepEqual(answers(again), [
    [last + 2, []],
    [last + 2, [nameOf("m6")]],
  ]);
});

test("one device's schema is not another's", async () => {
  const world = await aWorld();
  await say(world, told(sampled(1, "a")));
  await say(world, untold(sampled(1, "a")), "device-2");

  assert.deepEqual(taken(world), [[1]]);
  assert.deepEqual(world.link.refusals("device-2"), { "unknown-schema": 1 });
});

test("columns that do not fit are a fault of their record, and a schema that is none is one of all that need it", async () => {
  const world = await aWorld();
  const batch = told(sampled(1, "a"), sampled(2, "a"), sampled(3, "a"));
  const [first, second, third] = batch.records;
  await say(world, {
    ...batch,
    records: [first ?? {}, { ...second, telemetry: { ...second?.telemetry, columns: [] } }, third ?? {}],
  });
  const twice = { series: [{ metric: "b" }, { metric: "b" }] };
  const bad = untold(sampled(4, "b", "c"), sampled(5, "b", "c")).records.map((record) => ({
    ...record,
    telemetry: { ...record.telemetry, schema: Buffer.from(schemaIn(twice).name, "hex") },
  }));
  await say(world, { ...untold(), records: bad, schemas: [twice] });

  assert.deepEqual(taken(world), [[1], "refused", [3], "refused"]);
  assert.deepEqual(answers(world).at(-1), [5, []]);
  assert.deepEqual(world.link.refusals(device), { "out-of-range": 2 });
});
