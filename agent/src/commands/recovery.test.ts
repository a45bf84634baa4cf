import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock, SimulatedDisk } from "@edgemere/protocol/simulated";
import { BenchHost } from "./bench-host.test-support.ts";
import { aBench, aCommand, anExec, START, wordOf, type Bench } from "./bench.test-support.ts";
import { JOURNAL_FILE } from "./journal.ts";
import { troubledDisk } from "./troubled-disk.test-support.ts";

const aMachine = () => {
  const clock = new ManualClock(START);
  return { disk: new SimulatedDisk(), clock, host: new BenchHost(clock) };
};

const lastOf = async (bench: Bench) => (await bench.reports()).at(-1);
const countOf = async (bench: Bench, phase: string) =>
  (await bench.reports()).filter((each) => wordOf(each.phase) === phase).length;

test("a reboot has succeeded when the machine is in another boot, and not before", async () => {
  const machine = aMachine();
  const first = await aBench(machine);
  await first.deliver([aCommand(1, { reboot: {} })], 30_000);
  const before = await first.ends();
  await first[Symbol.asyncDispose]();
  machine.host.boot();

  await using second = await aBench(machine);
  await machine.clock.advance(1_000);

  assert.deepEqual(before, []);
  assert.deepEqual(await second.ends(), ["c1 SUCCEEDED"]);
  const { before: from, after: to } = (await lastOf(second))?.reboot ?? {};
  assert.deepEqual([from, to], ["boot-1", "boot-2"]);
  assert.deepEqual(machine.host.ran, ["reboot"]);
});

test("a reboot that does not come within its run time has failed, and is not asked for again", async () => {
  const machine = aMachine();
  const first = await aBench(machine);
  await first.deliver([aCommand(1, { reboot: {} })], 5_000);
  await first[Symbol.asyncDispose]();

  await using second = await aBench(machine);
  await machine.clock.advance(59_000);
  const early = await second.ends();
  await machine.clock.advance(2_000);

  assert.deepEqual(early, []);
  assert.deepEqual(await second.ends(), ["c1 FAILED not-rebooted"]);
  assert.deepEqual(machine.host.ran, ["reboot"]);
});

test("a reboot that was asked for cannot be cancelled any more", async () => {
  const machine = aMachine();
  const first = await aBench(machine);
  await first.deliver([aCommand(1, { reboot: {} })]);
  await first.commands.cancel(["c1"]);
  await machine.clock.advance(1_000);
  await first[Symbol.asyncDispose]();
  machine.host.boot();

  await using second = await aBench(machine);
  await second.commands.cancel(["c1"]);
  await machine.clock.advance(1_000);

  assert.deepEqual(await second.ends(), ["c1 SUCCEEDED"]);
});

test("a restart of a service that took effect before the agent stopped is not done again", async () => {
  const machine = aMachine();
  const first = await aBench(machine);
  await first.deliver([aCommand(1, { serviceRestart: { name: "web" } })], 10);
  await first[Symbol.asyncDispose]();

  await using second = await aBench(machine);
  await machine.clock.advance(1_000);

  assert.deepEqual(machine.host.ran, ["restart web"]);
  assert.deepEqual(await second.ends(), ["c1 SUCCEEDED"]);
  assert.equal((await lastOf(second))?.serviceRestart?.mainPid, 101);
});

test("a service that does not exist is not restarted, and the command says so without having started", async () => {
  const machine = aMachine();
  await using bench = await aBench(machine);

  await bench.deliver([aCommand(1, { serviceRestart: { name: "missing" } })]);

  assert.deepEqual(await bench.ends(), ["c1 FAILED not-found"]);
  assert.equal(await countOf(bench, "RUNNING"), 0);
});

test("what interrupted commands left running is killed before anything else runs", async () => {
  const machine = aMachine();
  const first = await aBench(machine);
  await first.deliver([aCommand(1, anExec("wait", "5000")), aCommand(2, anExec("say", "next"))]);

  await using second = await aBench(machine);

  assert.deepEqual(machine.host.killed, ["c1"]);
  assert.deepEqual(machine.host.ran, ["wait 5000"]);
  await machine.clock.advance(1_000);
  assert.deepEqual(await second.ends(), ["c1 INTERRUPTED agent-stopped", "c2 SUCCEEDED"]);
});

test("while a command runs it is told of every half minute, and only to somebody who hears it", async () => {
  const machine = aMachine();
  let isConnected = true;
  await using bench = await aBench({ ...machine, isConnected: () => isConnected });
  const runTimeoutMs = 600_000;
  await bench.deliver([aCommand(1, anExec("wait", "400000"), { runTimeoutMs })], 125_000);
  const whenConnected = await countOf(bench, "RUNNING");
  isConnected = false;
  await machine.clock.advance(200_000);

  const running = (await bench.reports()).filter(({ phase }) => wordOf(phase) === "RUNNING");
  assert.equal(whenConnected, 5);
  assert.equal(running.length, whenConnected);
  assert.deepEqual(new Set(running.map(({ startedAtMs }) => startedAtMs)), new Set([START]));
});

test("who was replaced by a control plane of a higher generation is not obeyed, also after a restart of the agent", async () => {
  const machine = aMachine();
  const first = await aBench(machine);
  assert.equal(await first.commands.hear(3), true);
  assert.equal(await first.commands.hear(2), false);
  await first[Symbol.asyncDispose]();

  await using second = await aBench(machine);
  assert.equal(second.commands.status().generation, 3);
  assert.equal(await second.commands.hear(2), false);
  assert.equal(await second.commands.hear(3), true);
  await second.deliver([
    aCommand(1, anExec("say", "old"), { generation: 2, command: "old" }),
    aCommand(1, anExec("say", "new"), { generation: 3 }),
  ]);

  assert.deepEqual(await second.ends(), ["c1 SUCCEEDED", "old REJECTED outdated-control-plane"]);
  assert.deepEqual(machine.host.ran, ["say new"]);
});

test("a command of an older generation that the device knows is answered, not refused", async () => {
  const machine = aMachine();
  await using bench = await aBench(machine);
  const old = aCommand(1, anExec("say", "hello"), { generation: 1 });
  await bench.deliver([old]);
  await bench.commands.hear(2);

  await bench.deliver([old], 61_000);
  await bench.deliver([old]);

  assert.deepEqual(await bench.ends(), ["c1 SUCCEEDED"]);
  assert.deepEqual(machine.host.ran, ["say hello"]);
});

test("numbers that jump far ahead after a restore are taken, and the journal stays small", async () => {
  const machine = aMachine();
  await using bench = await aBench(machine);
  await bench.deliver([aCommand(1), aCommand(2)]);
  await bench.commands.hear(2);
  const jump = 2 ** 32;

  await bench.deliver([aCommand(jump + 1, { ping: {} }, { generation: 2 }), aCommand(jump + 2, {}, { generation: 2 })]);
  await bench.deliver([aCommand(jump + 3, { ping: {} }, { generation: 2 })]);

  assert.equal(bench.commands.status().highSequence, jump + 3);
  assert.ok((await bench.ends()).includes(`c${jump + 3} SUCCEEDED`));
  assert.ok(((await machine.disk.read("commands/journal"))?.length ?? 0) < 10_000);
});

test("a device without room for results takes no commands, and says why", async () => {
  const machine = aMachine();
  let hasRoom = true;
  await using bench = await aBench({ ...machine, hasRoomForResults: () => hasRoom });
  await bench.deliver([aCommand(1, anExec("wait", "5000"))]);
  hasRoom = false;
  await bench.deliver([aCommand(2)], 10_000);

  assert.deepEqual(await bench.ends(), ["c1 SUCCEEDED", "c2 REJECTED spool-full"]);
});

test("an end that finds no room is kept in the journal over a restart, and told once when there is room", async () => {
  const machine = aMachine();
  let isFull = true;
  const first = await aBench({ ...machine, isFull: () => isFull });
  await first.deliver([aCommand(1, anExec("say", "hello"))], 60_000);
  assert.deepEqual([await first.reports(), machine.host.ran], [[], ["say hello"]]);
  await first[Symbol.asyncDispose]();

  await using second = await aBench({ ...machine, isFull: () => isFull });
  await machine.clock.advance(60_000);
  const before = [await second.ends(), second.commands.status().open];
  isFull = false;
  await machine.clock.advance(600_000);

  assert.deepEqual(before, [[], ["c1"]]);
  assert.deepEqual([await second.ends(), second.commands.status().open], [["c1 SUCCEEDED"], []]);
  assert.equal(await countOf(second, "SUCCEEDED"), 1);
  assert.deepEqual(machine.host.ran, ["say hello"]);
});

test("in safe mode ping runs and nothing else, also not what waited before; after it everything does", async () => {
  const machine = aMachine();
  const before = await aBench(machine);
  await before.deliver(
    [
      aCommand(1, anExec("wait", "5000")),
      aCommand(2, anExec("say", "waits")),
      aCommand(3, { serviceRestart: { name: "web" } }),
    ],
    10,
  );
  let earlyDeaths = 5;
  await using bench = await aBench({ ...machine, earlyDeaths: () => earlyDeaths });
  await bench.deliver([aCommand(4), aCommand(5, { inventoryRefresh: {} })]);
  const inSafeMode = [await bench.ends(), bench.commands.conditions()];
  earlyDeaths = 0;

  await bench.deliver([aCommand(6, anExec("say", "again"))]);

  assert.deepEqual(inSafeMode, [
    ["c1 INTERRUPTED agent-stopped", "c2 REJECTED safe-mode", "c3 SUCCEEDED", "c4 SUCCEEDED", "c5 REJECTED safe-mode"],
    ["safe-mode"],
  ]);
  assert.deepEqual(bench.commands.conditions(), []);
  assert.ok((await bench.ends()).includes("c6 SUCCEEDED"));
  const [event] = await bench.spool.read("event", 1, { bytes: Infinity, records: Infinity });
  assert.equal(event?.record.agentEvent?.name, "safe-mode");
  assert.match(event?.record.agentEvent?.detail ?? "", /died 5 times/);
});

test("a command whose deadline passed while the process was frozen in the middle of its start does not run", async () => {
  const machine = aMachine();
  let frozenFor = 0;
  const freezing = troubledDisk(machine.disk, async (call, path) => {
    if (call !== "sync" || path !== JOURNAL_FILE) return;
    const written = Buffer.from((await machine.disk.read(path)) ?? []).toString();
    if (written.includes('"started"')) frozenFor = 600_000;
  });
  await using bench = await aBench({ ...machine, disk: freezing, correctedNow: () => machine.clock.now() + frozenFor });

  await bench.deliver([aCommand(1, anExec("say", "late"), { expiresAtMs: START + 300_000 })]);

  assert.deepEqual(machine.host.ran, []);
  assert.deepEqual(await bench.ends(), ["c1 EXPIRED too-old"]);
  assert.equal(await countOf(bench, "RUNNING"), 0);
});

test("an agent that stops does not wait long for a command that hears nothing", async () => {
  const machine = aMachine();
  const bench = await aBench(machine);
  await bench.deliver([aCommand(1, anExec("deaf"))]);
  const before = machine.clock.monotonic();
  let stoppedAfter = Infinity;
  const stopping = bench.commands[Symbol.asyncDispose]().then(() => {
    stoppedAfter = machine.clock.monotonic() - before;
  });
  await machine.clock.advance(10_000);
  await stopping;

  assert.ok(stoppedAfter <= 5_000, `${stoppedAfter} ms`);
  assert.deepEqual(await bench.ends(), ["c1 INTERRUPTED agent-stopped"]);
  await bench.spool.close();
});
