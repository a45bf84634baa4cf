import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { silentLog } from "@edgemere/protocol/kit";
import { seededRandom, SimulatedDisk } from "@edgemere/protocol/simulated";
import { ballastFor, DiskGuard, judge, storageStates, type DiskLimits } from "./disk-guard.ts";

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
const limits: DiskLimits = { low: { percent: 20 }, readonly: { percent: 10 }, ballastBytes: 64 * MIB };
const withoutBallast: DiskLimits = { ...limits, ballastBytes: 0 };

const cases = [
  ["normal", 100 * GIB, 50 * GIB, "normal"],
  ["normal", 10 * GIB, 1.9 * GIB, "low"],
  ["normal", 10 * GIB, 0.9 * GIB, "readonly"],
  ["low", 10 * GIB, 2.1 * GIB, "low"],
  ["low", 10 * GIB, 2.3 * GIB, "normal"],
  ["readonly", 10 * GIB, 1.05 * GIB, "readonly"],
  ["readonly", 10 * GIB, 1.2 * GIB, "low"],
  ["readonly", 10 * GIB, 5 * GIB, "normal"],
  ["normal", 1_000 * GIB, 11 * GIB, "normal"],
  ["normal", 1_000 * GIB, 9 * GIB, "low"],
  ["normal", 1_000 * GIB, 4 * GIB, "readonly"],
] as const;
for (const [before, totalBytes, freeBytes, state] of cases)
  test(`a disk of ${totalBytes / GIB} GiB with ${(freeBytes / GIB).toFixed(2)} GiB free that was ${before} is ${state}`, () => {
    assert.equal(judge(before, { totalBytes, freeBytes }, withoutBallast, 0).state, state);
  });

test("bytes are taken as they are, and the alarm is never below the end", () => {
  const given: DiskLimits = { low: { bytes: 0 }, readonly: { bytes: 3 * GIB }, ballastBytes: 0 };

  const { lowBelow, readonlyBelow, state } = judge("normal", { totalBytes: 10 * GIB, freeBytes: 2 * GIB }, given, 0);

  assert.deepEqual([lowBelow, readonlyBelow, state], [3 * GIB, 3 * GIB, "readonly"]);
});

test("what the ballast freed does not count as free", () => {
  const space = { totalBytes: GIB, freeBytes: 130 * MIB };

  assert.equal(judge("readonly", space, limits, 64 * MIB).state, "low");
  assert.equal(judge("readonly", space, limits, 0).state, "readonly");
});

test("less free space never makes a better state, and the same space never changes it twice", () => {
  const state = fc.constantFrom(...storageStates);
  const bytes = fc.integer({ min: 0, max: 10 * GIB });
  const rank = (before: (typeof storageStates)[number], freeBytes: number) =>
    storageStates.indexOf(judge(before, { totalBytes: 10 * GIB, freeBytes }, withoutBallast, 0).state);
  fc.assert(
    fc.property(state, bytes, bytes, (before, one, other) => {
      assert.ok(rank(before, Math.min(one, other)) >= rank(before, Math.max(one, other)));
      const after = judge(before, { totalBytes: 10 * GIB, freeBytes: one }, withoutBallast, 0).state;
      assert.equal(judge(after, { totalBytes: 10 * GIB, freeBytes: one }, withoutBallast, 0).state, after);
    }),
  );
});

test("the ballast is at most a sixteenth of the disk", () => {
  assert.equal(ballastFor(64 * MIB, 64 * MIB), 4 * MIB);
  assert.equal(ballastFor(64 * MIB, 100 * GIB), 64 * MIB);
});

/** A disk of 64 MiB, and a file that others fill it with. */
function aDisk() {
  const disk = new SimulatedDisk(64 * MIB);
  return { disk, fill: (bytes: number) => disk.write("others", new Uint8Array(bytes)) };
}
const start = (disk: SimulatedDisk) => DiskGuard.start({ disk, random: seededRandom(1), log: silentLog, limits });
const sizeOf = async (disk: SimulatedDisk) => (await disk.read("ballast"))?.length;

test("ballast is made at the first start, and found at the next", async () => {
  const { disk } = aDisk();

  await start(disk);
  assert.equal(await sizeOf(disk), 4 * MIB);
  const { status } = await start(disk);

  assert.deepEqual([status.state, status.ballastBytes, await sizeOf(disk)], ["normal", 4 * MIB, 4 * MIB]);
});

test("a start on a full disk takes nothing and gives nothing away; when there is space again it makes what it gave since", async () => {
  const { disk, fill } = aDisk();
  await start(disk);
  await fill(60 * MIB);

  const guard = await start(disk);
  assert.deepEqual([guard.isReadOnly, await sizeOf(disk)], [true, 4 * MIB]);
  await guard.release();
  await guard.look();
  assert.deepEqual([guard.isReadOnly, await sizeOf(disk)], [true, undefined]);
  await fill(1);
  await guard.look();

  assert.deepEqual([guard.status.state, await sizeOf(disk)], ["normal", 4 * MIB]);
});

test("a disk that fills while it runs keeps its ballast until a write fails", async () => {
  const { disk, fill } = aDisk();
  const guard = await start(disk);

  await fill(59 * MIB);
  await guard.look();
  assert.deepEqual([guard.isReadOnly, await sizeOf(disk)], [true, 4 * MIB]);
  await guard.release();

  assert.deepEqual([guard.isReadOnly, await sizeOf(disk)], [true, undefined]);
});
