import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock, sameDisk, seededRandom, SimulatedDisk } from "@edgemere/protocol/simulated";
import { dyingDisk, type MortalDisk } from "../link/spool/dying-disk.test-support.ts";
import { BenchHost } from "./bench-host.test-support.ts";
import { aBench, aCommand, anExec, endsOf, START } from "./bench.test-support.ts";
import { readEntries } from "./journal-entry.ts";
import { JournalState } from "./journal-state.ts";

/** One of each interrupt class, what fails, what waits too long and what somebody cancels. */
const orders = [
  aCommand(1),
  aCommand(2, anExec("say", "once")),
  aCommand(3, anExec("fail", "4")),
  aCommand(4, anExec("wait", "500")),
  aCommand(5, { inventoryRefresh: {} }),
  aCommand(6, { serviceRestart: { name: "web" } }),
  aCommand(7, anExec("say", "late"), { expiresAtMs: START + 200 }),
  aCommand(8, anExec("wait", "60000")),
  aCommand(9, { reboot: {} }),
];
const undisturbed: Readonly<Record<string, string>> = {
  c1: "SUCCEEDED",
  c2: "SUCCEEDED",
  c3: "FAILED exit-code",
  c4: "SUCCEEDED",
  c5: "SUCCEEDED",
  c6: "SUCCEEDED",
  c7: "EXPIRED too-old",
  c8: "CANCELLED cancelled",
  c9: "SUCCEEDED",
};

interface Machine {
  readonly disk: SimulatedDisk;
  readonly clock: ManualClock;
  readonly host: BenchHost;
}

/** How an agent dies: with its machine, or alone. */
type Death = "power" | "kill";

function aMachine(): Machine {
  const clock = new ManualClock(START);
  return { disk: new SimulatedDisk(), clock, host: new BenchHost(clock) };
}

/** What a process that is killed leaves unsynced, the kernel still writes. */
const withPower = (disk: SimulatedDisk): MortalDisk => ({ ...sameDisk(disk), cutPower: () => {} });

/** Runs an agent until it has done everything, its machine reboots, or it dies at the given change of the disk. True when it survived. */
async function live(machine: Machine, death: Death, changes: number, seed: number): Promise<boolean> {
  const below = death === "power" ? machine.disk : withPower(machine.disk);
  const disk = dyingDisk(below, changes, seededRandom(seed));
  try {
    await using bench = await aBench({ ...machine, disk });
    await bench.deliver(orders, 1_000);
    await bench.commands.cancel(["c8"]);
    await machine.clock.advance(1_000);
    // Long enough for a reboot that does not come to be given up.
    if (!machine.host.isRebooting) await machine.clock.advance(61_000);
  } catch {
    // It died: what the process still thinks is nobody's concern.
  }
  if (machine.host.isRebooting || (disk.isDead && death === "power")) machine.host.boot();
  return !disk.isDead;
}

/** What the rule of each class says about the commands as a death left them. */
async function ruled(machine: Machine): Promise<Readonly<Record<string, string>>> {
  const state = new JournalState();
  const { entries } = readEntries((await machine.disk.read("commands/journal")) ?? new Uint8Array());
  for (const entry of entries) state.apply(entry);
  const ends = Object.entries(undisturbed).map(([id, end]) => {
    const open = state.open.get(id);
    if (open === undefined || open.starts === 0) return [id, end];
    if (open.command.exec) return [id, "INTERRUPTED agent-stopped"];
    if (open.command.reboot && open.mark === machine.host.bootId) return [id, "FAILED not-rebooted"];
    return [id, end];
  });
  return Object.fromEntries(ends) as Readonly<Record<string, string>>;
}

async function recover(machine: Machine, seed: number): Promise<readonly string[]> {
  await machine.clock.advance(1_000);
  await live(machine, "kill", Infinity, seed);
  await live(machine, "kill", Infinity, seed);
  const bench = await aBench(machine);
  const reports = await bench.reports();
  await bench[Symbol.asyncDispose]();
  return endsOf(reports);
}

const effects = ({ host }: Machine) => host.ran.filter((each) => each !== "reboot").sort();

for (const death of ["power", "kill"] as const) {
  test(`wherever a death by ${death} hits, every command ends once, as the rule of its class says`, async () => {
    let changes = 0;
    const seen = new Set<string>();
    for (let survived = false; !survived;) {
      changes += 1;
      const where = `${death} at change ${changes}`;
      const machine = aMachine();
      survived = await live(machine, death, changes, changes);
      const expected = Object.entries(await ruled(machine)).map(([id, end]) => `${id} ${end}`);

      const ends = await recover(machine, changes);

      assert.deepEqual(ends, expected, where);
      assert.equal(new Set(effects(machine)).size, effects(machine).length, `${where}: nothing was done twice`);
      assert.ok(machine.host.ran.includes("restart web"), `${where}: what is looked at afterwards was done`);
      for (const end of ends) seen.add(end);
    }
    assert.ok(changes > 60, `only ${changes} changes of the disk were seen`);
    const cutOff = ["c2", "c3", "c4", "c8"].map((id) => `${id} INTERRUPTED agent-stopped`);
    const notRebooted = death === "kill" ? ["c9 FAILED not-rebooted"] : [];
    const whole = Object.entries(undisturbed).map(([id, end]) => `${id} ${end}`);
    assert.deepEqual([...seen].sort(), [...whole, ...cutOff, ...notRebooted].sort(), "each rule was needed");
  });
}

test("when the power goes off twice, the second time while the agent recovers, nothing is lost either", async () => {
  for (const first of [5, 12, 20, 29, 37, 46]) {
    for (let second = 1; second <= 41; second += 4) {
      const where = `power off at changes ${first} and ${second}`;
      const machine = aMachine();
      await live(machine, "power", first, first);
      await machine.clock.advance(1_000);
      await live(machine, "power", second, second);

      const ends = await recover(machine, 1);

      assert.deepEqual(
        ends.map((end) => end.split(" ")[0]),
        Object.keys(undisturbed),
        `${where}: every command has one end, not ${ends.join(", ")}`,
      );
      assert.equal(new Set(effects(machine)).size, effects(machine).length, `${where}: nothing was done twice`);
    }
  }
});
