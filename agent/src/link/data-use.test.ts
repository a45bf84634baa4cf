import assert from "node:assert/strict";
import { test } from "node:test";
import { DAY, MINUTE, silentLog } from "@edgemere/protocol/kit";
import { ManualClock, SimulatedDisk } from "@edgemere/protocol/simulated";
import { DataMeter, readDataUse } from "./data-use.ts";
import { handshakeBytes, wireBytes } from "./wire-bytes.ts";

// The 21st, 2026.
const NOVEMBER = 1_795_219_200_000;

function aWorld({ disk = new SimulatedDisk(), start = NOVEMBER, isTimeKnown = true } = {}) {
  const clock = new ManualClock(start);
  const world = { clock, disk, isTimeKnown };
  const open = () =>
    DataMeter.open({ disk, clock, log: silentLog, now: () => clock.now(), isTimeKnown: () => world.isTimeKnown });
  return { ...world, world, open };
}

test("use goes on over a restart", async () => {
  const { disk, open } = aWorld();
  const first = await open();
  first.moved(500);
  await first[Symbol.asyncDispose]();
  await using second = await open();
  second.moved(7);

  assert.deepEqual(second.use, { month: "2026-11", bytes: 507 });
  assert.deepEqual(await readDataUse(disk), { month: "2026-11", bytes: 500 });
});

test("an agent that is killed forgets no more than five minutes", async () => {
  const { clock, disk, open } = aWorld();
  const killed = await open();
  for (let minute = 0; minute < 12; minute++) {
    killed.moved(100);
    await clock.advance(MINUTE);
  }

  const { bytes = 0 } = (await readDataUse(disk)) ?? {};
  assert.ok(killed.use.bytes - bytes <= 500, String(bytes));
});

test("another month begins at nothing", async () => {
  const { clock, open } = aWorld();
  await using meter = await open();
  meter.moved(500);
  const half = meter.elapsed;
  await clock.advance(10 * DAY);

  assert.deepEqual(meter.use, { month: "2026-12", bytes: 0 });
  assert.ok(Math.abs(half - 20 / 30) < 1e-9 && meter.elapsed === 0);
});

test("a clock that starts in 1970 begins no month until the time is known", async () => {
  const disk = new SimulatedDisk();
  await disk.write("data-use", Buffer.from('{"month":"2026-11","bytes":500}\n'));
  const { world, open } = aWorld({ disk, start: 0, isTimeKnown: false });
  await using meter = await open();
  meter.moved(1);

  assert.deepEqual([meter.use, meter.elapsed], [{ month: "2026-11", bytes: 501 }, 0]);
  world.isTimeKnown = true;
  assert.deepEqual(meter.use, { month: "1970-01", bytes: 0 });
});

test("what is not written as a month and a count is not believed", async () => {
  const texts = [
    "",
    "{}",
    "null",
    '{"month":"2026-13","bytes":1}',
    '{"month":"2026-11","bytes":-1}',
    '{"month":"2026-11","bytes":1e99}',
  ];

  for (const text of texts) {
    const disk = new SimulatedDisk();
    await disk.write("data-use", Buffer.from(text));
    await using meter = await aWorld({ disk }).open();
    assert.deepEqual(meter.use, { month: "2026-11", bytes: 0 }, text);
  }
});

test("no clock is too wrong to count by", async () => {
  for (const start of [-1e18, 1e18, 8.64e15 + 1]) {
    await using meter = await aWorld({ start }).open();
    meter.moved(1);
    assert.equal(meter.use.bytes, 1);
    assert.ok(meter.elapsed >= 0 && meter.elapsed <= 1);
  }
});

test("a full disk loses the count and nothing else", async () => {
  const disk = new SimulatedDisk();
  const broken = Object.assign(Object.create(disk) as SimulatedDisk, {
    write: () => Promise.reject(new Error("ENOSPC")),
  });
  const { open } = aWorld({ disk: broken });
  const meter = await open();
  meter.moved(1);

  await meter[Symbol.asyncDispose]();

  assert.equal(await readDataUse(disk), undefined);
});

test("a packet takes its bytes, what TLS adds, and headers there and back", () => {
  assert.deepEqual([1, 1_426, 1_427, 20_000].map(wireBytes), [127, 1_552, 1_657, 21_500]);
  assert.ok(handshakeBytes(false) > 2 * handshakeBytes(true));
});
