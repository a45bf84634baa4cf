import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { HOUR, SECOND, silentLog, type Disk } from "@edgemere/protocol/kit";
import { ManualClock, sameDisk, seededRandom, SimulatedDisk } from "@edgemere/protocol/simulated";
import { SessionNumbers } from "./session-numbers.ts";

const FILE = "session-epoch";
const open = (disk: Disk, clock = new ManualClock()) => SessionNumbers.open({ disk, clock, log: silentLog });
const full = () => Promise.reject(Object.assign(new Error("no space left"), { code: "ENOSPC" }));

test("sessions are numbered from 1 on, without a hole over restarts", async () => {
  const disk = new SimulatedDisk();
  const given: number[] = [];
  for (let life = 0; life < 3; life++) {
    const numbers = await open(disk);
    for (let i = 0; i < 700; i++) given.push(await numbers.next());
  }

  assert.deepEqual(
    given,
    Array.from({ length: 2_100 }, (_, i) => i + 1),
  );
});

test("whatever is killed, cut off or full, no number is given twice and none is lower than one before", async () => {
  const step = fc.constantFrom("next", "next", "next", "restart", "power cut", "full", "room");
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 300 }), fc.integer(), async (steps, seed) => {
      const [disk, random] = [new SimulatedDisk(), seededRandom(seed)];
      let isFull = false;
      const own: Disk = {
        ...sameDisk(disk),
        write: (path, content) => (isFull ? full() : disk.write(path, content)),
        append: () => full(),
      };
      let numbers = await open(own);
      let last = await numbers.next();
      for (const each of steps) {
        if (each === "full" || each === "room") isFull = each === "full";
        else if (each === "next") {
          const next = await numbers.next();
          assert.ok(next > last);
          last = next;
        } else {
          if (each === "power cut") disk.cutPower(random);
          numbers = await open(own);
        }
      }
    }),
  );
});

test("with a disk that takes nothing at all sessions are numbered all the same", async () => {
  const disk = { ...sameDisk(new SimulatedDisk()), write: full, truncate: full };
  const numbers = await open(disk);

  assert.deepEqual([await numbers.next(), await numbers.next()], [1, 2]);
});

test("what a former agent wrote down is gone on from", async () => {
  const disk = new SimulatedDisk();
  await disk.write(FILE, Buffer.from("57"));

  assert.equal(await (await open(disk)).next(), 58);
});

test("when the file makes no sense, the numbers go on where they can never have been", async () => {
  for (const text of ["", "-3", "x", "0", "5 -------", "12 ---x", "1e400"]) {
    const disk = new SimulatedDisk();
    await disk.write(FILE, Buffer.from(text));
    const clock = new ManualClock(HOUR * 400_000);

    assert.equal(await (await open(disk, clock)).next(), (HOUR * 400_000) / SECOND + 1, text);
  }
});

test("when the file cannot be read, the numbers go on where they can never have been, and the agent lives", async () => {
  const unreadable = () => Promise.reject(Object.assign(new Error("i/o error"), { code: "EIO" }));
  const clock = new ManualClock(HOUR * 400_000);

  const numbers = await open({ ...sameDisk(new SimulatedDisk()), read: unreadable }, clock);

  assert.equal(await numbers.next(), (HOUR * 400_000) / SECOND + 1);
});
