import assert from "node:assert/strict";
import { test } from "node:test";
import { schemaOf } from "@edgemere/protocol";
import { seededRandom, SimulatedDisk } from "@edgemere/protocol/simulated";
import { KeptSchemas } from "./kept-schemas.ts";
import {
  aBody,
  copyOf,
  diskError,
  everything,
  MEBIBYTE,
  openSpool,
  Receiver,
  TroubledDisk,
} from "./spool.test-support.ts";

const FILE = "spool/schemas";
const sampled = (metric: string) => ({
  telemetry: { baseMs: 0, offsetMs: [0], series: [{ metric, values: [1] }] },
});
const of = (metric: string) => schemaOf([{ metric, instance: "" }]);
const sizeOf = async (disk: SimulatedDisk) => (await disk.read(FILE))?.length ?? 0;

test("the schemas of the records that are kept are kept, over restarts, and the others go", async () => {
  const disk = new SimulatedDisk();
  const spool = await openSpool(disk, { maxBytes: MEBIBYTE });
  for (let i = 0; i < 3_000; i++) {
    await spool.append("telemetry", {
      telemetry: { ...sampled(`m${i}`).telemetry, series: [{ metric: `m${i}${"x".repeat(200)}`, values: [1] }] },
    });
    if (i % 100 === 99 && i < 2_000) await spool.acknowledge("telemetry", i);
  }
  const again = await openSpool(disk, { maxBytes: MEBIBYTE });

  for (const each of [spool, again]) {
    const { firstUnacknowledged } = each.position("telemetry");
    const records = await each.read("telemetry", firstUnacknowledged, everything);
    assert.ok(records.length > 0);
    assert.ok(records.every(({ schema, record }) => record.body === "gap" || each.schema(schema ?? "") !== undefined));
    assert.ok(each.bytes <= MEBIBYTE);
  }
  assert.equal(again.schema(of("m0").name), undefined);
});

test("a schema that many records need is written once", async () => {
  const disk = new SimulatedDisk();
  const spool = await openSpool(disk);
  await spool.append("telemetry", sampled("a"));
  const size = await sizeOf(disk);
  await Promise.all(Array.from({ length: 50 }, () => spool.append("telemetry", sampled("a"))));
  const again = await openSpool(disk);
  await again.append("telemetry", sampled("a"));

  assert.equal(await sizeOf(disk), size);
});

test("whichever byte of the schemas is flipped, and wherever they are cut off, what cannot be read any more is explained", async () => {
  const original = new SimulatedDisk();
  const spool = await openSpool(original);
  for (let i = 0; i < 4; i++) await spool.append("telemetry", aBody("telemetry", `t${i}`));
  await spool.append("telemetry", sampled("another"));
  await spool.close();
  const size = await sizeOf(original);

  for (let at = 0; at < size; at++)
    for (const damage of [
      (bytes: Uint8Array) => bytes.with(at, (bytes[at] ?? 0) ^ (1 << (at % 8))),
      (bytes: Uint8Array) => bytes.subarray(0, at),
    ]) {
      const disk = await copyOf(original, (path, content) => (path === FILE ? damage(content) : content));
      const opened = await openSpool(disk);
      const records = await opened.read("telemetry", 1, everything);
      const kinds = records.map(({ record }) => (record.body === "gap" ? record.gap.reason : record.body));
      assert.deepEqual(
        records.map(({ first, last }) => [first, last]),
        [1, 2, 3, 4, 5].map((number) => [number, number]),
      );
      assert.deepEqual(
        [...new Set(kinds)].filter((kind) => kind !== "telemetry" && kind !== "damaged"),
        [],
      );
      assert.ok(kinds.includes("damaged"), `byte ${at}`);
      assert.ok(opened.conditions().includes("damaged-segments") || (await sizeOf(disk)) < size, `byte ${at} is told`);
      // What is measured again brings its schema back.
      await opened.append("telemetry", aBody("telemetry", "t4"));
      await opened.append("telemetry", sampled("another"));
      const receiver = new Receiver();
      await receiver.drain(await openSpool(disk), "telemetry");
      assert.deepEqual([receiver.upTo, receiver.explained], [7, 0]);
    }
});

test("a schema whose writing fails is written anew before a record needs it", async () => {
  for (const change of ["append", "sync"] as const)
    for (let failing = 1; failing <= 6; failing++) {
      const disk = new TroubledDisk();
      const spool = await openSpool(disk);
      let count = 0;
      disk.trouble = (each, path) =>
        path === FILE && each === change && ++count === failing ? diskError("EIO") : undefined;
      for (let i = 0; i < 6; i++) await spool.append("telemetry", sampled(`m${i}`));
      disk.cutPower(seededRandom(failing));

      const again = await openSpool(disk);
      const records = await again.read("telemetry", 1, everything);
      assert.deepEqual(
        records.map(({ record }) => record.body),
        Array.from({ length: 6 }, () => "telemetry"),
      );
    }
});

test("while schemas cannot be written no record that needs one is kept, and each is counted", async () => {
  const disk = new TroubledDisk();
  const spool = await openSpool(disk);
  await spool.append("telemetry", sampled("a"));
  disk.trouble = (_, path) => (path === FILE ? diskError("EIO") : undefined);
  await assert.rejects(spool.append("telemetry", sampled("b")), /EIO/);
  await spool.append("telemetry", sampled("a"));
  disk.trouble = () => undefined;
  await spool.append("telemetry", sampled("b"));

  const records = await (await openSpool(disk)).read("telemetry", 1, everything);
  assert.deepEqual(
    records.map(({ record }) => record.body),
    ["telemetry", "gap", "telemetry", "telemetry"],
  );
});

test("what is of no use is forgotten when it is half of all, and a full disk only puts that off", async () => {
  const disk = new TroubledDisk();
  const schemas = await KeptSchemas.open(disk, () => {});
  const names = Array.from({ length: 40 }, (_, i) => of(`m${i}`));
  await schemas.keep(names);
  const few = () => new Set(names.slice(0, 3).map(({ name }) => name));
  disk.trouble = () => diskError("ENOSPC");
  await schemas.retain(few);
  assert.notEqual(schemas.get(names[20]?.name ?? ""), undefined);
  disk.trouble = () => undefined;
  await schemas.retain(few);

  const again = await KeptSchemas.open(disk, () => {});
  const kept = names.filter(({ name }) => again.get(name) !== undefined);
  assert.deepEqual(
    kept.map(({ series }) => series[0]?.metric),
    ["m0", "m1", "m2", ...[32, 33, 34, 35, 36, 37, 38, 39].map((i) => `m${i}`)],
  );
  assert.deepEqual([again.isDamaged, again.bytes], [false, schemas.bytes]);
});
