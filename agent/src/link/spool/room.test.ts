import assert from "node:assert/strict";
import { test } from "node:test";
import { streamNames } from "@edgemere/protocol";
import { ManualClock, SimulatedDisk } from "@edgemere/protocol/simulated";
import { capsOf } from "./caps.ts";
import { SpoolFull } from "./spool-full.ts";
import { aBody, KIBIBYTE, MEBIBYTE, openSpool, Receiver, TroubledDisk } from "./spool.test-support.ts";

test("caps are those of the design in a spool of the usual size, and shrink with a smaller one", () => {
  const [usual, small, large] = [256, 10, 1024].map((size) => capsOf(size * MEBIBYTE));
  const inMebibytes = (caps = usual) => streamNames.map((stream) => (caps?.[stream].bytes ?? 0) / MEBIBYTE);

  assert.deepEqual(inMebibytes(usual), [16, 64, 256, 64]);
  assert.deepEqual(inMebibytes(small), [0.625, 2.5, 10, 2.5]);
  assert.deepEqual(inMebibytes(large), [16, 64, 1024, 64]);
  assert.equal(usual?.telemetry.segmentBytes, 256 * KIBIBYTE);
  for (const { bytes, segmentBytes } of Object.values(capsOf(6_000))) assert.ok(segmentBytes <= bytes / 4);
});

test("telemetry that fills the spool gives up its own oldest and says exactly how much", async () => {
  const disk = new SimulatedDisk();
  const spool = await openSpool(disk, { maxBytes: MEBIBYTE });
  await spool.append("event", aBody("event", "kept"));
  await spool.append("log", aBody("log", "output"));
  for (let i = 0; i < 6_000; i++) await spool.append("telemetry", aBody("telemetry", `t${i}`, 240));

  assert.deepEqual(spool.conditions(), ["spool-full"]);
  const [telemetry, events, logs] = [new Receiver(), new Receiver(), new Receiver()];
  await telemetry.drain(spool, "telemetry");
  await events.drain(spool, "event");
  await logs.drain(spool, "log");
  assert.deepEqual([events.names, logs.names], [["kept"], ["output"]]);
  assert.equal(telemetry.names.at(-1), "t5999");
  assert.ok(telemetry.explained > 1_000 && telemetry.names.length > 2_000);
  assert.deepEqual([...telemetry.reasons], ["spool-full"]);
  await spool.acknowledge("telemetry", telemetry.upTo);
  assert.deepEqual(spool.conditions(), []);
});

test("events displace telemetry and then output, and neither displaces an event", async () => {
  const spool = await openSpool(new SimulatedDisk(), { maxBytes: MEBIBYTE });
  for (let i = 0; i < 4_000; i++) await spool.append("telemetry", aBody("telemetry", `t${i}`, 240));
  for (let i = 0; i < 60; i++) await spool.append("event", aBody("event", `e${i}`, 4_000));
  await assert.rejects(spool.append("log", aBody("log", "o", 100_000)), SpoolFull);
  for (let i = 0; i < 500; i++) await spool.append("telemetry", aBody("telemetry", `u${i}`, 240));

  const events = new Receiver();
  await events.drain(spool, "event");
  assert.equal(events.names.length, 60);
});

test("output over its cap is refused, and refusals are one gap that grows, on the disk before the next output", async () => {
  const clock = new ManualClock();
  const disk = new SimulatedDisk();
  const spool = await openSpool(disk, { maxBytes: MEBIBYTE, clock });
  let refused = 0;
  for (let i = 0; i < 200; i++) {
    await spool.append("log", aBody("log", `c${i}`, 2_000)).catch(() => (refused += 1));
    await clock.advance(1_000);
  }
  await clock.advance(10_000);
  const bytes = spool.bytes;
  const files = (await disk.list("spool/log")).length;
  for (let i = 0; i < 200; i++) {
    await spool.append("log", aBody("log", `d${i}`, 2_000)).catch(() => (refused += 1));
    await clock.advance(1_000);
  }
  await clock.advance(10_000);

  const receiver = new Receiver();
  await receiver.drain(await openSpool(disk, { maxBytes: MEBIBYTE }), "log");
  assert.deepEqual([receiver.names.length, receiver.explained], [400 - refused, refused]);
  assert.equal(receiver.names[0], "c0");
  assert.ok(spool.bytes - bytes < 100 && (await disk.list("spool/log")).length === files);
});

test("results are never given up: when little room is left no command may be accepted, and what was accepted still fits", async () => {
  const spool = await openSpool(new SimulatedDisk(), { maxBytes: 10 * MEBIBYTE });
  let [accepted, kept] = [0, 0];
  while (spool.hasRoomForResults) {
    await spool.append("result", aBody("result", `r${accepted++}`, 400));
    kept += 1;
  }
  for (let i = 0; i < 256; i++) await spool.append("result", aBody("result", `open${i}`, 400));
  const isRefused = await (async () => {
    for (let i = 0; i < 2_000; i++) await spool.append("result", aBody("result", "more", 400));
  })().catch((error: unknown) => error instanceof SpoolFull && error.reason === "spool-full");

  assert.equal(isRefused, true);
  assert.ok(spool.conditions().includes("spool-full"));
  const receiver = new Receiver();
  await receiver.drain(spool, "result");
  assert.equal(receiver.explained, 0);
  await spool.acknowledge("result", receiver.upTo);
  assert.equal(spool.hasRoomForResults, true);
  await spool.append("result", aBody("result", "after"));
  assert.ok(kept > 500);
});

test("72 hours without a connection with a spool of 10 MB account for every record and never take more", async () => {
  const clock = new ManualClock();
  const disk = new TroubledDisk();
  const maxBytes = 10_000_000;
  const spool = await openSpool(disk, { maxBytes, clock });
  const produced = { event: 0, telemetry: 0, log: 0 };
  const keep = async (stream: keyof typeof produced, bytes: number) => {
    await spool.append(stream, aBody(stream, `${stream}${produced[stream]++}`, bytes)).catch(() => {});
  };
  for (let minute = 0; minute < 72 * 60; minute++) {
    await clock.advance(60_000);
    for (let i = 0; i < 12; i++) await keep("telemetry", 240);
    if (minute % 3 === 0) await keep("event", 4_000);
    if (minute % 2 === 0) await keep("log", 4_000);
  }
  await clock.advance(60_000);

  assert.ok(disk.peak <= maxBytes, `${disk.peak} bytes`);
  for (const stream of ["event", "telemetry", "log"] as const) {
    const receiver = new Receiver();
    await receiver.drain(spool, stream);
    assert.equal(receiver.upTo, produced[stream], stream);
    assert.ok(receiver.explained > 0 && !receiver.hasEstimates, stream);
  }
});
