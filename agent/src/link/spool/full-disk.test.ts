import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock, seededRandom, SimulatedDisk } from "@edgemere/protocol/simulated";
import { defaultFloor } from "./free-space.ts";
import { SpoolFull } from "./spool-full.ts";
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

test("5 % and 256 MiB are left to the host, of a small file system a tenth", () => {
  const inMebibytes = (total: number) => Math.round(defaultFloor(total * MEBIBYTE) / MEBIBYTE);

  assert.deepEqual([128, 1_024, 4_096, 8_192, 102_400].map(inMebibytes), [13, 102, 256, 410, 5_120]);
});

test("below the floor telemetry and output are counted instead of kept, and events and results are kept", async () => {
  const clock = new ManualClock();
  const spool = await openSpool(new SimulatedDisk(2 * MEBIBYTE), { clock, freeBytes: 3 * MEBIBYTE });
  const telemetry = () => spool.append("telemetry", aBody("telemetry", "t"));
  for (let i = 0; i < 5; i++)
    await assert.rejects(telemetry(), (error) => error instanceof SpoolFull && error.reason === "disk-low");
  await assert.rejects(spool.append("log", aBody("log", "o")), SpoolFull);
  await spool.append("event", aBody("event", "e"));
  await spool.append("result", aBody("result", "r"));
  await clock.advance(10_000);

  assert.deepEqual(spool.conditions(), ["disk-low"]);
  const [kept, ...more] = await spool.read("telemetry", 1, everything);
  assert.deepEqual([kept?.record.gap?.records, kept?.record.gap?.reason, more.length], [5, "disk-low", 0]);
});

test("a floor of nothing keeps telemetry on the smallest disk", async () => {
  const spool = await openSpool(new SimulatedDisk(100_000), { freeBytes: 0 });
  await spool.append("telemetry", aBody("telemetry", "t"));
  assert.equal(spool.position("telemetry").next, 2);
});

test("on a full disk an event takes the room of telemetry, and what is refused or given up is counted", async () => {
  const clock = new ManualClock();
  const disk = new SimulatedDisk(MEBIBYTE);
  const spool = await openSpool(disk, { clock, freeBytes: 0 });
  let refused = 0;
  for (let i = 0; i < 4_000; i++)
    await spool.append("telemetry", aBody("telemetry", `t${i}`, 240)).catch(() => (refused += 1));
  for (let i = 0; i < 100; i++) await spool.append("event", aBody("event", `e${i}`, 4_000));
  await clock.advance(10_000);

  const [telemetry, events] = [new Receiver(), new Receiver()];
  await events.drain(spool, "event");
  await telemetry.drain(spool, "telemetry");
  assert.deepEqual([events.names.length, telemetry.upTo], [100, 4_000]);
  assert.deepEqual([...telemetry.reasons], ["disk-low"]);
  assert.equal(telemetry.names.includes("t3999"), true);
});

test("what is given up on a full disk is explained after a restart, even when somebody else took the room", async () => {
  const disk = new TroubledDisk();
  const spool = await openSpool(disk);
  for (let i = 0; i < 20; i++) await spool.append("telemetry", aBody("telemetry", `t${i}`));
  disk.trouble = (change) => (change === "sync" ? undefined : diskError("ENOSPC"));
  await assert.rejects(spool.append("event", aBody("event", "refused")), SpoolFull);
  assert.deepEqual(spool.conditions(), ["disk-full"]);
  disk.trouble = () => undefined;
  disk.cutPower(seededRandom(1));

  const receiver = new Receiver();
  await receiver.drain(await openSpool(disk), "telemetry");
  assert.equal(receiver.upTo, 20);
});

test("when giving telemetry up on a full disk helps nobody, no more of it is given up", async () => {
  const disk = new TroubledDisk();
  const spool = await openSpool(disk, { maxBytes: MEBIBYTE });
  for (let i = 0; i < 2_000; i++) await spool.append("telemetry", aBody("telemetry", `t${i}`, 240));
  disk.trouble = () => diskError("ENOSPC");
  for (let i = 0; i < 20; i++) await assert.rejects(spool.append("event", aBody("event", "refused")), SpoolFull);
  disk.trouble = () => undefined;

  const receiver = new Receiver();
  await receiver.drain(spool, "telemetry");
  assert.ok(receiver.explained > 0 && receiver.explained < 300, `${receiver.explained}`);
});

test("a spool opens on a full disk, also when a power cut tore its newest file, and goes on when there is room", async () => {
  const whole = new SimulatedDisk();
  const spool = await openSpool(whole);
  for (const name of ["a", "b", "c"]) await spool.append("result", aBody("result", name));
  const torn = await copyOf(whole, (path, content) => (path.endsWith(".segment") ? content.subarray(0, -5) : content));
  const disk = new TroubledDisk();
  for (const name of await torn.list("spool/result"))
    await disk.write(`spool/result/${name}`, (await torn.read(`spool/result/${name}`)) ?? new Uint8Array());
  disk.trouble = () => diskError("ENOSPC");

  const clock = new ManualClock();
  const again = await openSpool(disk, { clock });
  await assert.rejects(again.append("result", aBody("result", "refused")), SpoolFull);
  const before = new Receiver();
  await before.drain(again, "result");
  assert.deepEqual([before.names, before.explained], [["a", "b"], 1]);
  disk.trouble = () => undefined;
  await clock.advance(10_000);
  await again.append("result", aBody("result", "d"));

  for (const each of [again, await openSpool(disk)]) {
    const receiver = new Receiver();
    await receiver.drain(each, "result");
    assert.deepEqual([receiver.names, receiver.explained], [["a", "b", "d"], 1]);
  }
});

test("a sync that fails costs nothing: the records that are not acknowledged go into a fresh file, and the disk is said to fail for a while", async () => {
  for (let failing = 1; failing <= 12; failing++) {
    const clock = new ManualClock();
    const disk = new TroubledDisk();
    const spool = await openSpool(disk, { clock });
    const receiver = new Receiver();
    let syncs = 0;
    disk.trouble = (change) => (change === "sync" && ++syncs === failing ? diskError("EIO") : undefined);
    for (let i = 0; i < 12; i++) {
      await spool.append("telemetry", aBody("telemetry", `t${i}`));
      if (i !== 5) continue;
      await receiver.drain(spool, "telemetry");
      await spool.acknowledge("telemetry", 3);
    }
    assert.deepEqual(spool.conditions(), ["disk-failing"]);
    await clock.advance(700_000);
    await spool.append("telemetry", aBody("telemetry", "last"));
    assert.deepEqual(spool.conditions(), []);

    disk.cutPower(seededRandom(failing));
    await receiver.drain(await openSpool(disk), "telemetry");
    assert.deepEqual(receiver.names, [...Array.from({ length: 12 }, (_, i) => `t${i}`), "last"]);
  }
});

test("a disk on which every write fails refuses records, counts them, and tells of them when it works again", async () => {
  const clock = new ManualClock();
  const disk = new TroubledDisk();
  const spool = await openSpool(disk, { clock });
  await spool.append("telemetry", aBody("telemetry", "a"));
  disk.trouble = () => diskError("EIO");
  for (let i = 0; i < 3; i++) await assert.rejects(spool.append("telemetry", aBody("telemetry", "b")), /EIO/);
  disk.trouble = () => undefined;
  await spool.append("telemetry", aBody("telemetry", "c"));

  const receiver = new Receiver();
  await receiver.drain(await openSpool(disk), "telemetry");
  assert.deepEqual([receiver.names, receiver.explained, [...receiver.reasons]], [["a", "c"], 3, ["damaged"]]);
});
