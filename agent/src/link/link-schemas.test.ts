import assert from "node:assert/strict";
import { test } from "node:test";
import {
  pack,
  samplesOf,
  schemaIn,
  schemaNameBytes,
  schemaNameFrom,
  type Record_,
  type Schema,
} from "@edgemere/protocol";
import { MINUTE, SECOND } from "@edgemere/protocol/kit";
import { SimulatedDisk } from "@edgemere/protocol/simulated";
import { DEVICE, type ScriptedControlPlane } from "./control-plane.test-support.ts";
import { aLink } from "./link.test-support.ts";

const sampled = (value: number, ...metrics: readonly string[]) => ({
  telemetry: { baseMs: 1_000, offsetMs: [0], series: metrics.map((metric) => ({ metric, values: [value] })) },
});
const broughtTo = (centre: ScriptedControlPlane) =>
  centre
    .heardOf("telemetry")
    .map(({ message }) =>
      message.schemas.map(schemaIn).map(({ series }) => series.map(({ metric }) => metric).join("+")),
    );

/** The first values of all records, as somebody reads them who knows no schema but those that came, in each message or one before. */
function readBy(centre: ScriptedControlPlane): readonly (number | undefined)[] {
  const known = new Map<string, Schema>();
  return centre.heardOf("telemetry").flatMap(({ message }) => {
    for (const schema of message.schemas.map(schemaIn)) known.set(schema.name, schema);
    return (message.records as readonly Record_[]).map((record) => {
      const schema = record.body === "telemetry" ? known.get(schemaNameFrom(record.telemetry.schema)) : undefined;
      return schema && record.body === "telemetry" ? samplesOf(record, schema).series[0]?.values[0] : undefined;
    });
  });
}

test("a schema goes with the first record that needs it, once in a session", async () => {
  const { link, spool, centre, clock } = await aLink();
  link.start();
  await clock.advance(SECOND);
  for (const value of [1, 2, 3]) {
    await spool.append("telemetry", sampled(value, "a", "b"));
    await clock.advance(SECOND);
  }
  await spool.append("telemetry", sampled(4, "c"));
  await clock.advance(SECOND);
  centre.lose();
  await clock.advance(MINUTE);
  await spool.append("telemetry", sampled(5, "c"));
  await clock.advance(SECOND);

  assert.deepEqual(broughtTo(centre), [["a+b"], [], [], ["c"], ["c"]]);
  assert.deepEqual(readBy(centre), [1, 2, 3, 4, 5]);
  await link[Symbol.asyncDispose]();
});

test("until a record that needs it was acknowledged each message brings the schema: the one that did may be lost", async () => {
  const { link, spool, centre, clock } = await aLink();
  link.start();
  await clock.advance(SECOND);
  centre.acknowledges = false;
  for (const value of [1, 2]) {
    await spool.append("telemetry", sampled(value, "a"));
    await clock.advance(SECOND);
  }
  centre.acknowledges = true;
  await clock.advance(20 * SECOND);
  await spool.append("telemetry", sampled(3, "a"));
  await clock.advance(SECOND);

  assert.deepEqual(broughtTo(centre), [["a"], ["a"], ["a"], []]);
  assert.equal(centre.watermarks.get("telemetry"), 3);
  await link[Symbol.asyncDispose]();
});

test("a control plane that has forgotten a schema is told it again, with the records that need it, at once", async () => {
  const { link, spool, centre, clock } = await aLink();
  link.start();
  await clock.advance(SECOND);
  await spool.append("telemetry", sampled(1, "a"));
  await clock.advance(SECOND);
  centre.acknowledges = false;
  await spool.append("telemetry", sampled(2, "a"));
  await clock.advance(SECOND);
  centre.acknowledges = true;
  const unknownSchemas = [schemaNameBytes(schemaIn({ series: [{ metric: "a" }] }).name)];
  const asked = pack(
    "ack",
    { device: DEVICE },
    { acknowledgements: [{ stream: "telemetry", upTo: 1 }], unknownSchemas },
  );
  // Each message that was under way is answered so; the first answer is enough.
  centre.say(asked);
  centre.say(asked);
  await clock.advance(SECOND);

  assert.deepEqual(broughtTo(centre), [["a"], [], ["a"]]);
  assert.deepEqual(readBy(centre), [1, 2, 2]);
  assert.equal(centre.watermarks.get("telemetry"), 2);
  await link[Symbol.asyncDispose]();
});

test("records of many schemas that waited in the spool go with theirs after a restart, in messages that are taken", async () => {
  const disk = new SimulatedDisk();
  const before = await aLink({ disk });
  for (let i = 0; i < 300; i++)
    await before.spool.append("telemetry", sampled(i, `m${i % 150}`, `${"n".repeat(200)}${i % 150}`));
  const { link, centre, clock, spool } = await aLink({ disk });
  link.start();
  await clock.advance(5 * MINUTE);

  assert.deepEqual(
    readBy(centre),
    Array.from({ length: 300 }, (_, i) => i),
  );
  assert.ok(broughtTo(centre).every((schemas) => schemas.length <= 64));
  assert.equal(spool.unacknowledged, 0);
  await link[Symbol.asyncDispose]();
});
