import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock, SimulatedDisk } from "@edgemere/protocol/simulated";
import { lookAtStream } from "./look.ts";
import { aBody, diskError, everything, MEBIBYTE, openSpool, Receiver, TroubledDisk } from "./spool.test-support.ts";

const event = (detail: string) => ({ agentEvent: { name: "test", detail } });

test("records are numbered from 1 without a hole, each stream for itself, and read back in order", async () => {
  const spool = await openSpool(new SimulatedDisk());
  await Promise.all([spool.append("event", event("a")), spool.append("event", event("b"))]);
  await spool.append("log", aBody("log", "c"));

  const events = await spool.read("event", 1, everything);
  assert.deepEqual(
    events.map(({ first, record }) => [first, record.agentEvent?.detail]),
    [
      [1, "a"],
      [2, "b"],
    ],
  );
  const [log] = await spool.read("log", 1, everything);
  assert.deepEqual(spool.position("log"), { firstUnacknowledged: 1, next: 2, bytes: log?.payload.length });
  assert.deepEqual(spool.position("result"), { firstUnacknowledged: 1, next: 1, bytes: 0 });
});

test("a record that the control plane would refuse is refused at once, and uses no number", async () => {
  const spool = await openSpool(new SimulatedDisk());

  await assert.rejects(spool.append("event", event("x".repeat(10_000))), /agent_event\.detail/);
  await assert.rejects(spool.append("event", aBody("log", "c")), /does not carry/);
  await assert.rejects(
    spool.append("log", {
      commandOutput: { command: "c", channel: "stdout", offset: 0, content: new Uint8Array(300_000) },
    }),
    /over the limit/,
  );
  assert.equal(spool.position("event").next, 1);
});

test("numbers go on after everything was acknowledged and the agent started again", async () => {
  const disk = new SimulatedDisk();
  const first = await openSpool(disk);
  await first.append("event", event("a"));
  await first.read("event", 1, everything);
  await first.acknowledge("event", 1);
  await first.close();

  const second = await openSpool(disk);
  await second.acknowledge("event", 1);
  assert.deepEqual(await second.read("event", 1, everything), []);
  await second.append("event", event("b"));
  assert.equal((await second.read("event", 1, everything))[0]?.first, 2);
});

test("files of acknowledged records are removed", async () => {
  const disk = new SimulatedDisk();
  const spool = await openSpool(disk, { maxBytes: 4 * MEBIBYTE });
  for (let i = 0; i < 20; i++) await spool.append("log", aBody("log", "c", 30_000));
  const before = (await disk.list("spool/log")).length;
  await new Receiver().drain(spool, "log");

  await spool.acknowledge("log", 20);

  assert.ok(before > 5);
  assert.equal((await disk.list("spool/log")).length, 1);
});

test("a disk that forgot numbers the control plane knows gives new records new numbers", async () => {
  const spool = await openSpool(new SimulatedDisk());
  await spool.append("event", event("new"));

  await spool.acknowledge("event", 500);

  const records = await spool.read("event", 501, everything);
  assert.deepEqual(
    records.map(({ first, record }) => [first, record.agentEvent?.detail]),
    [[501, "new"]],
  );
  const { firstUnacknowledged, next } = spool.position("event");
  assert.deepEqual([firstUnacknowledged, next], [501, 502]);
});

test("of a process's own records only those move behind the numbers of the control plane that are not stored", async () => {
  const spool = await openSpool(new SimulatedDisk(), { maxBytes: 4 * MEBIBYTE });
  for (let i = 1; i <= 40; i++) await spool.append("log", aBody("log", `c${i}`, 10_000));
  await new Receiver().drain(spool, "log");
  for (let upTo = 1; upTo < 30; upTo++) await spool.acknowledge("log", upTo);

  await spool.acknowledge("log", 500);

  const records = await spool.read("log", 501, everything);
  assert.deepEqual(
    records.map(({ first, record }) => [first, record.commandOutput?.command]),
    Array.from({ length: 11 }, (_, i) => [501 + i, `c${30 + i}`]),
  );
});

test("records that move behind the numbers of the control plane are still there after a power cut", async () => {
  const disk = new SimulatedDisk();
  const spool = await openSpool(disk);
  for (const name of ["a", "b"]) await spool.append("event", event(name));
  await spool.acknowledge("event", 500);

  const again = await openSpool(disk);
  await again.acknowledge("event", 500);
  const records = await again.read("event", 501, everything);
  assert.deepEqual(
    records.map(({ first, record }) => [first, record.agentEvent?.detail]),
    [
      [501, "a"],
      [502, "b"],
    ],
  );
});

test("a file that cannot be removed keeps no acknowledgement from counting, and goes with the next one", async () => {
  const disk = new TroubledDisk();
  const spool = await openSpool(disk, { maxBytes: 4 * MEBIBYTE });
  for (let i = 0; i < 20; i++) await spool.append("log", aBody("log", `c${i}`, 10_000));
  await new Receiver().drain(spool, "log");
  disk.trouble = (change) => (change === "remove" ? diskError("EIO") : undefined);

  await spool.acknowledge("log", 19);

  assert.equal(spool.position("log").firstUnacknowledged, 20);
  assert.deepEqual(spool.conditions(), ["disk-failing"]);
  disk.trouble = () => undefined;
  await spool.acknowledge("log", 20);
  assert.equal((await disk.list("spool/log")).length, 1);
});

test("where the control plane has only some of the numbers that a process gave anew, none of its records is lost or told twice", async () => {
  const disk = new SimulatedDisk();
  const spool = await openSpool(disk, { maxBytes: 4 * MEBIBYTE });
  const names = Array.from({ length: 40 }, (_, i) => `c${i}`);
  for (const name of names) await spool.append("log", aBody("log", name, 10_000));
  const files = (await disk.list("spool/log")).length;

  await spool.acknowledge("log", 25);

  assert.ok(files > 3);
  for (const each of [spool, await openSpool(disk, { maxBytes: 4 * MEBIBYTE })]) {
    await each.acknowledge("log", 25);
    const receiver = new Receiver();
    receiver.upTo = 25;
    receiver.explained = 25;
    await receiver.drain(each, "log");
    assert.deepEqual(receiver.names.toSorted(), names.toSorted());
    assert.equal(receiver.explained, 25);
  }
});

test("records that could not be moved behind the numbers of the control plane on a full disk move when there is room", async () => {
  const disk = new TroubledDisk();
  const spool = await openSpool(disk);
  for (const name of ["a", "b", "c"]) await spool.append("event", event(name));
  disk.trouble = () => diskError("ENOSPC");
  await assert.rejects(spool.acknowledge("event", 2), /ENOSPC/);

  disk.trouble = () => undefined;
  await spool.acknowledge("event", 2);

  const records = await spool.read("event", 3, everything);
  assert.deepEqual(
    [...records, ...(await spool.read("event", 4, everything))].map(({ first, record }) => [
      first,
      record.agentEvent?.detail,
    ]),
    [
      [3, "c"],
      [4, "a"],
      [5, "b"],
    ],
  );
});

test("a record says in which period of the device's clock it was made, and a gap that of the newest it stands for", async () => {
  let period = 3;
  const disk = new SimulatedDisk();
  const spool = await openSpool(disk, { maxBytes: MEBIBYTE, clockPeriod: () => period });
  for (let i = 0; i < 400; i++) {
    if (i === 399) period = 4;
    await spool.append("event", aBody("event", `e${i}`, 4_000));
  }

  const first = await spool.read("event", 1, everything);
  const last = (await spool.read("event", 400, everything)).at(-1);
  assert.deepEqual([first[0]?.record.body, first[0]?.record.clockPeriod, last?.record.clockPeriod], ["gap", 3, 4]);
});

test("old telemetry is thinned out when that is asked for, with exact gaps, and not twice", async () => {
  const [disk, clock] = [new SimulatedDisk(), new ManualClock()];
  const options = { clock, maxBytes: MEBIBYTE, thin: { after: 3_600_000, keepEvery: 10 } };
  const spool = await openSpool(disk, options);
  const sample = (name: string) => spool.append("telemetry", aBody("telemetry", name, 200));
  for (let i = 0; i < 1_000; i++) await sample(`old${i}`);
  await clock.advance(3_700_000);
  for (let i = 0; i < 100; i++) {
    await clock.advance(10_000);
    await sample(`new${i}`);
  }
  const bytes = spool.bytes;
  const again = await openSpool(disk, options);
  await clock.advance(10_000);
  await again.append("telemetry", aBody("telemetry", "last"));

  const receiver = new Receiver();
  await receiver.drain(again, "telemetry");
  const old = receiver.names.filter((name) => name.startsWith("old")).length;
  assert.deepEqual([...receiver.reasons], ["thinned"]);
  assert.ok(old > 100 && old < 400, `${old} of 1000`);
  assert.equal(receiver.names.length - old, 101);
  assert.ok(again.bytes >= bytes);
});

test("the files of a stream tell how much of it is there, from when, and what was given up", async () => {
  const [disk, clock] = [new SimulatedDisk(), new ManualClock()];
  const spool = await openSpool(disk, { clock, maxBytes: MEBIBYTE });
  for (let i = 0; i < 6_000; i++) await spool.append("telemetry", aBody("telemetry", `t${i}`, 240));

  const { records, bytes, oldestMs, givenUp } = await lookAtStream(disk, "telemetry");
  const schemas = (await disk.read("spool/schemas"))?.length ?? 0;
  assert.deepEqual([records + givenUp, bytes + schemas, oldestMs], [6_000, spool.bytes, clock.now()]);
  assert.ok(givenUp > 0);
  assert.deepEqual(await lookAtStream(disk, "log"), { bytes: 0, records: 0, givenUp: 0 });
});
