import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock, SimulatedDisk } from "@edgemere/protocol/simulated";
import type { Disk } from "@edgemere/protocol/kit";
import { BenchHost } from "./bench-host.test-support.ts";
import { aBench, aCommand, anExec, START, type Bench } from "./bench.test-support.ts";
import { readEntries, writeEntries } from "./journal-entry.ts";
import { JOURNAL_FILE } from "./journal.ts";
import { failingDisk } from "./troubled-disk.test-support.ts";

const orders = [
  aCommand(1, anExec("say", "ended")),
  aCommand(2, anExec("wait", "5000")),
  aCommand(3, { serviceRestart: { name: "web" } }),
  aCommand(4, anExec("say", "waits")),
];

const aMachine = (disk: Disk = new SimulatedDisk()) => {
  const clock = new ManualClock(START);
  return { disk, clock, host: new BenchHost(clock) };
};

/** The journal of an agent that was killed while c2 ran: c1 and c3 have ended, c4 waits. */
async function aJournal(): Promise<Buffer> {
  const machine = aMachine();
  const bench = await aBench(machine);
  await bench.deliver(orders, 1_000);
  assert.deepEqual(machine.host.ran, ["say ended", "restart web", "wait 5000"], "as it is meant");
  return Buffer.from((await machine.disk.read(JOURNAL_FILE)) ?? []);
}

const eventsOf = async (bench: Bench) =>
  (await bench.spool.read("event", 1, { bytes: Infinity, records: Infinity })).flatMap(
    ({ record }) => record.agentEvent?.name ?? [],
  );

/** Starts an agent on a journal, offers everything again, and gives how it went. */
async function startOn(
  journal: Uint8Array,
): Promise<{ readonly ran: readonly string[]; readonly ends: readonly string[]; readonly told: readonly string[] }> {
  const machine = aMachine();
  await machine.disk.write(JOURNAL_FILE, journal);
  await using bench = await aBench(machine);
  await bench.commands.hear(0);
  await bench.deliver(orders, 10_000);
  const told = [...bench.commands.conditions(), ...(await eventsOf(bench))];
  return { ran: machine.host.ran, ends: await bench.ends(), told };
}

const known = ["say ended", "wait 5000", "say waits", "restart web"];

test("a journal with any byte changed lets the agent start, is told of, and runs nothing a second time", async () => {
  const journal = await aJournal();
  for (let at = 0; at < journal.length; at += 1) {
    const damaged = Buffer.from(journal);
    damaged[at] = (damaged[at] ?? 0) ^ (1 << (at % 8));

    const { ran, ends, told } = await startOn(damaged);

    assert.deepEqual(told, ["journal-set-aside", "journal-set-aside"], `byte ${at}: as a condition and as an event`);
    assert.ok(!ran.includes("say ended") && !ran.includes("wait 5000"), `byte ${at}: ${ran.join(", ")}`);
    assert.ok(
      ran.every((each) => known.includes(each)),
      `byte ${at}: ${ran.join(", ")}`,
    );
    assert.equal(new Set(ends.map((end) => end.split(" ")[0])).size, ends.length, `byte ${at}: ${ends.join(", ")}`);
  }
});

test("a journal that is cut anywhere lets the agent start, and what its lines say was started never runs again", async () => {
  const journal = await aJournal();
  for (let size = 0; size <= journal.length; size += 1) {
    const { entries } = readEntries(journal.subarray(0, size));
    const started = new Set(entries.flatMap((each) => (each.entry === "started" ? [each.id] : [])));

    const { ran, ends } = await startOn(journal.subarray(0, size));

    assert.ok(!(started.has("c1") && ran.includes("say ended")), `cut at ${size}: ${ran.join(", ")}`);
    assert.ok(!(started.has("c2") && ran.includes("wait 5000")), `cut at ${size}: ${ran.join(", ")}`);
    assert.ok(
      ran.every((each) => known.includes(each)),
      `cut at ${size}: ${ran.join(", ")}`,
    );
    assert.equal(new Set(ends.map((end) => end.split(" ")[0])).size, ends.length, `cut at ${size}: ${ends.join(", ")}`);
  }
});

test("a journal that cannot be read, or that is far too large, is set aside, and what it may have held is interrupted", async () => {
  for (const trouble of ["EIO", "large"]) {
    const below = new SimulatedDisk();
    await below.write(JOURNAL_FILE, trouble === "large" ? new Uint8Array(65 * 1024 ** 2) : await aJournal());
    const machine = aMachine(
      failingDisk(below, (call, path) => trouble === "EIO" && call === "read" && path === JOURNAL_FILE),
    );
    await using bench = await aBench(machine);
    await bench.commands.hear(0);
    await bench.deliver([...orders, aCommand(9)], 10_000);

    assert.deepEqual(machine.host.ran, [], trouble);
    assert.ok((await bench.ends()).includes("c2 INTERRUPTED agent-stopped"), trouble);
    assert.ok((await bench.ends()).includes("c9 SUCCEEDED"), trouble);
    assert.deepEqual(await eventsOf(bench), ["journal-set-aside"], trouble);
    assert.equal((await below.list("commands")).length, 2, trouble);
  }
});

test("after a damage, commands count as new from the moment on at which the control plane is heard", async () => {
  const machine = aMachine();
  await machine.disk.write(JOURNAL_FILE, Buffer.from("what is this\n"));
  let offset = -50 * 365 * 24 * 3_600_000;
  await using bench = await aBench({ ...machine, correctedNow: () => machine.clock.now() + offset });
  await bench.deliver([aCommand(1, anExec("say", "before"))]);
  await bench.commands.hear(1);
  offset = 0;
  await bench.deliver([aCommand(4, anExec("say", "at once"), { generation: 1 })], 30_000);

  await bench.deliver([
    aCommand(2, anExec("say", "old"), { generation: 1 }),
    aCommand(3, anExec("say", "new"), { generation: 1, issuedAtMs: machine.clock.now() + 1 }),
  ]);

  assert.deepEqual(machine.host.ran, ["say new"]);
});

test("a command of which a damaged journal has kept the number alone is interrupted: it may have run", async () => {
  const machine = aMachine();
  const numbers = writeEntries([{ entry: "seen", floor: 1, above: [] }]);
  await machine.disk.write(JOURNAL_FILE, Buffer.concat([numbers, Buffer.from("what is this\n")]));
  await using bench = await aBench(machine);
  await bench.commands.hear(0);

  await bench.deliver([aCommand(1, anExec("say", "hello"))]);

  assert.deepEqual(await bench.ends(), ["c1 INTERRUPTED agent-stopped"]);
  assert.deepEqual(machine.host.ran, []);
});

test("only the newest of the journals that were set aside are kept", async () => {
  const machine = aMachine();
  for (let round = 0; round < 6; round += 1) {
    await machine.disk.write(JOURNAL_FILE, Buffer.from("what is this\n"));
    await using _bench = await aBench(machine);
    await machine.clock.advance(1_000);
  }

  assert.equal((await machine.disk.list("commands")).length, 4);
});

test("when syncing fails once, the journal goes on in a new file, nothing is lost, and it is told for an hour", async () => {
  const below = new SimulatedDisk();
  let failures = 0;
  const machine = aMachine(
    failingDisk(below, (call, path) => call === "sync" && path === JOURNAL_FILE && failures-- > 0),
  );
  await using bench = await aBench(machine);
  await bench.deliver([aCommand(1, anExec("say", "one"))]);
  failures = 1;

  await bench.deliver([aCommand(2, anExec("say", "two"))]);
  const early = bench.commands.conditions();
  await machine.clock.advance(3_600_000);

  assert.deepEqual(await bench.ends(), ["c1 SUCCEEDED", "c2 SUCCEEDED"]);
  assert.deepEqual(early, ["journal-failing"]);
  assert.deepEqual(bench.commands.conditions(), []);
  assert.equal(readEntries((await below.read(JOURNAL_FILE)) ?? new Uint8Array()).damagedLines, 0);
});

test("a command whose start cannot be written down does not run before it can", async () => {
  const below = new SimulatedDisk();
  let isBroken = false;
  const machine = aMachine(failingDisk(below, (call, path) => isBroken && call !== "read" && path === JOURNAL_FILE));
  await using bench = await aBench(machine);
  await bench.deliver([aCommand(1, anExec("wait", "5000")), aCommand(2, anExec("say", "two"))], 1_000);
  isBroken = true;
  await machine.clock.advance(30_000);
  const whileBroken = [...machine.host.ran];
  isBroken = false;
  await machine.clock.advance(200_000);

  assert.deepEqual(whileBroken, ["wait 5000"]);
  assert.deepEqual(await bench.ends(), ["c1 SUCCEEDED", "c2 SUCCEEDED"]);
});
