import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom, ManualClock, SimulatedDisk } from "@edgemere/protocol/simulated";
import { dyingDisk } from "../link/spool/dying-disk.test-support.ts";
import { aBench, aCommand, anExec, BenchHost, endsOf } from "./bench.test-support.ts";

const orders = [
  aCommand(1),
  aCommand(2, anExec("say", "once")),
  aCommand(3, anExec("fail", "4")),
  aCommand(4, anExec("wait", "500")),
  aCommand(5, { inventoryRefresh: {} }),
];

interface Machine {
  readonly disk: SimulatedDisk;
  readonly clock: ManualClock;
  readonly host: BenchHost;
}

function aMachine(): Machine {
  const clock = new ManualClock();
  return { disk: new SimulatedDisk(), clock, host: new BenchHost(clock) };
}

/** Runs an agent until it has done everything or its power goes off at the given change of the disk. True when it survived. */
async function live(machine: Machine, changes: number, seed: number): Promise<boolean> {
  const disk = dyingDisk(machine.disk, changes, seededRandom(seed));
  try {
    await using bench = await aBench({ ...machine, disk });
    await bench.deliver(orders, 5_000);
  } catch {
    // The power went off: what the process still thinks is nobody's concern.
  }
  return !disk.isDead;
}

async function check(machine: Machine, where: string): Promise<void> {
  const bench = await aBench(machine);
  const reports = await bench.reports();
  await bench[Symbol.asyncDispose]();
  const ends = endsOf(reports);
  assert.deepEqual(
    ends.map((end) => end.split(" ")[0]),
    ["c1", "c2", "c3", "c4", "c5"],
    `${where}: every command has one end, not ${ends.join(", ")}`,
  );
  assert.equal(new Set(machine.host.ran).size, machine.host.ran.length, `${where}: nothing ran twice`);
  for (const end of ends) {
    const isRight = /SUCCEEDED$|c3 FAILED exit-code$|c[234] INTERRUPTED agent-stopped$/.test(end);
    assert.ok(isRight, `${where}: ${end}`);
  }
}

test("whenever the power goes off, every command ends once and no program runs twice", async () => {
  let changes = 0;
  for (let survived = false; !survived;) {
    changes += 1;
    for (const seed of [1, 2]) {
      const machine = aMachine();
      survived = await live(machine, changes, seed);
      await live(machine, Infinity, seed);
      await check(machine, `power off at change ${changes}, seed ${seed}`);
    }
  }
  assert.ok(changes > 30, `only ${changes} changes of the disk were seen`);
});

test("when the power goes off twice, the second time while the agent recovers, nothing is lost either", async () => {
  for (const first of [5, 9, 14, 20, 27]) {
    for (let second = 1; second <= 25; second += 2) {
      const machine = aMachine();
      await live(machine, first, first);
      await live(machine, second, second);
      await live(machine, Infinity, 1);
      await check(machine, `power off at changes ${first} and ${second}`);
    }
  }
});
