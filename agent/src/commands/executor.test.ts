import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock, SimulatedDisk } from "@edgemere/protocol/simulated";
import { limits } from "@edgemere/protocol";
import { BenchHost } from "./bench-host.test-support.ts";
import { aBench, aCommand, anExec, wordOf, START, type Bench } from "./bench.test-support.ts";

const aMachine = () => {
  const clock = new ManualClock(START);
  return { disk: new SimulatedDisk(), clock, host: new BenchHost(clock) };
};

const finalDetail = async (bench: Bench) => (await bench.reports()).find(({ phase }) => phase > 2)?.detail ?? "";

test("a command is reported as journaled, running and ended, in this order, with its result", async () => {
  const machine = aMachine();
  await using bench = await aBench(machine);

  await bench.deliver([aCommand(1, anExec("say", "hello"))]);

  const reports = await bench.reports();
  assert.deepEqual(
    reports.map(({ phase }) => wordOf(phase)),
    ["JOURNALED", "RUNNING", "SUCCEEDED"],
  );
  assert.equal(reports.at(-1)?.exec?.outputBytes, 5);
  const [output] = await bench.spool.read("log", 1, { bytes: Infinity, records: Infinity });
  assert.equal(Buffer.from(output?.record.commandOutput?.content ?? []).toString(), "hello");
  assert.deepEqual(bench.commands.status(), { highSequence: 1, open: [], generation: 0 });
});

test("a command that comes again is not run again, and its end is told again at most once a minute", async () => {
  const machine = aMachine();
  await using bench = await aBench(machine);
  await bench.deliver([aCommand(1, anExec("say", "hello"))], 1_000);

  await bench.deliver([aCommand(1, anExec("say", "hello"))], 61_000);
  await bench.deliver([aCommand(1, anExec("say", "hello"))], 1_000);
  await bench.deliver([aCommand(1, anExec("say", "hello"))], 1_000);

  assert.deepEqual(machine.host.ran, ["say hello"]);
  assert.equal((await bench.reports()).filter(({ phase }) => wordOf(phase) === "SUCCEEDED").length, 2);
});

test("a restored control plane is told at once how a command ended that it asks after, whatever was told before", async () => {
  await using bench = await aBench(aMachine());
  const offered = [aCommand(1, anExec("say", "hello"), { generation: 1 })];
  await bench.commands.hear(1);
  await bench.deliver(offered, 1_000);
  await bench.deliver(offered, 1_000);

  for (const generation of [1, 2, 2]) {
    await bench.commands.hear(generation);
    await bench.deliver(offered, 1_000);
  }

  assert.equal((await bench.reports()).filter(({ phase }) => wordOf(phase) === "SUCCEEDED").length, 2);
});

test("who asks to cancel a command that ended is told again how it did", async () => {
  const machine = aMachine();
  await using bench = await aBench(machine);
  await bench.deliver([aCommand(1, anExec("say", "hello"))], 61_000);

  await bench.commands.cancel(["c1"]);
  await machine.clock.advance(1_000);

  assert.equal((await bench.reports()).filter(({ phase }) => wordOf(phase) === "SUCCEEDED").length, 2);
});

test("what nobody trustworthy has signed is dropped without a word", async () => {
  const machine = aMachine();
  await using bench = await aBench(machine);
  const good = aCommand(1, anExec("say", "hello"));
  const forged = { ...good, payload: aCommand(1, anExec("say", "other")).payload ?? new Uint8Array() };
  const unknown = { ...good, signatures: [{ keyId: "somebody", signature: new Uint8Array(64) }] };

  await bench.deliver([forged, unknown, { payload: new Uint8Array(9) }]);

  assert.deepEqual(machine.host.ran, []);
  assert.deepEqual(await bench.reports(), []);
});

test("a dangerous kind that the device does not allow is rejected, and the answer says how to allow it", async () => {
  await using bench = await aBench({ ...aMachine(), allow: [] });

  await bench.deliver([aCommand(1, anExec("say", "hello"))]);

  assert.deepEqual(await bench.ends(), ["c1 REJECTED not-allowed"]);
  assert.match(await finalDetail(bench), /edgemere-agent run --allow exec/);
  assert.ok(!bench.commands.capabilities.includes("command:exec"));
});

test("a command for another device is refused and takes no number of this one's", async () => {
  await using bench = await aBench(aMachine());

  await bench.deliver([aCommand(1, { ping: {} }, { device: "d2" }), aCommand(1, { ping: {} }, { command: "mine" })]);

  assert.deepEqual(await bench.ends(), ["c1 REJECTED wrong-device", "mine SUCCEEDED"]);
});

test("a command that makes no sense is rejected with the reason", async () => {
  await using bench = await aBench(aMachine());

  await bench.deliver([
    aCommand(1, {}),
    aCommand(2, anExec()),
    aCommand(3, { exec: { argv: ["say"], cwd: "tmp" } }),
    aCommand(4, { ping: {} }, { runTimeoutMs: 0 }),
    aCommand(5, { ping: {} }, { expiresAtMs: START + 8 * 24 * 3_600_000 }),
    aCommand(6, { ping: {} }, { expiresAtMs: START }),
    aCommand(7, anExec("missing")),
    aCommand(8, { serviceStatus: { name: "missing" } }),
  ]);

  assert.deepEqual(await bench.ends(), [
    "c1 REJECTED unsupported",
    "c2 REJECTED bad-arguments",
    "c3 REJECTED bad-arguments",
    "c4 REJECTED bad-arguments",
    "c5 REJECTED bad-arguments",
    "c6 EXPIRED too-old",
    "c7 FAILED not-found",
    "c8 FAILED not-found",
  ]);
});

test("commands may come out of order, but no number comes twice", async () => {
  await using bench = await aBench(aMachine());

  await bench.deliver([aCommand(3)]);
  await bench.deliver([aCommand(1), aCommand(2)]);
  await bench.deliver([aCommand(2, { ping: {} }, { command: "again" })]);

  assert.deepEqual(await bench.ends(), ["again REJECTED replayed", "c1 SUCCEEDED", "c2 SUCCEEDED", "c3 SUCCEEDED"]);
  assert.equal(bench.commands.status().highSequence, 3);
});

test("commands of one lane run one after another and hold up no other lane", async () => {
  const machine = aMachine();
  await using bench = await aBench(machine);

  await bench.deliver([aCommand(1, anExec("wait", "5000")), aCommand(2, anExec("say", "next")), aCommand(3)]);
  const early = await bench.ends();
  await machine.clock.advance(6_000);

  assert.deepEqual(early, ["c3 SUCCEEDED"]);
  assert.deepEqual(await bench.ends(), ["c1 SUCCEEDED", "c2 SUCCEEDED", "c3 SUCCEEDED"]);
  assert.deepEqual(machine.host.ran, ["wait 5000", "say next"]);
});

test("a command that waits past its deadline expires and never starts", async () => {
  const machine = aMachine();
  await using bench = await aBench(machine);

  await bench.deliver(
    [aCommand(1, anExec("wait", "50000")), aCommand(2, anExec("say", "late"), { expiresAtMs: START + 20_000 })],
    40_000,
  );

  assert.deepEqual(await bench.ends(), ["c2 EXPIRED too-old"]);
  assert.deepEqual(machine.host.ran, ["wait 50000"]);
});

test("a command that runs too long is stopped, and one that does not hear it gives its lane free all the same", async () => {
  await using bench = await aBench(aMachine());

  await bench.deliver(
    [
      aCommand(1, anExec("wait", "900000"), { runTimeoutMs: 2_000 }),
      aCommand(2, anExec("deaf"), { runTimeoutMs: 2_000 }),
      aCommand(3, anExec("say", "next")),
    ],
    30_000,
  );

  assert.deepEqual(await bench.ends(), ["c1 TIMED_OUT ran-too-long", "c2 TIMED_OUT ran-too-long", "c3 SUCCEEDED"]);
});

test("a cancelled command is stopped when it runs, and never starts when it waits or has not come yet", async () => {
  const machine = aMachine();
  await using bench = await aBench(machine);
  await bench.deliver([aCommand(1, anExec("wait", "50000")), aCommand(2, anExec("say", "waiting"))]);

  await bench.commands.cancel(["c1", "c2", "c3"]);
  await machine.clock.advance(1_000);
  await bench.deliver([aCommand(3, anExec("say", "late"))]);

  assert.deepEqual(await bench.ends(), ["c1 CANCELLED cancelled", "c2 CANCELLED cancelled", "c3 CANCELLED cancelled"]);
  assert.deepEqual(machine.host.ran, ["wait 50000"]);
});

test("when the agent stops, what must run once is interrupted and what waits runs after the next start", async () => {
  const machine = aMachine();
  const first = await aBench(machine);
  await first.deliver([aCommand(1, anExec("wait", "50000")), aCommand(2, anExec("say", "later"))]);

  await first[Symbol.asyncDispose]();
  await using second = await aBench(machine);
  await machine.clock.advance(1_000);

  assert.deepEqual(await second.ends(), ["c1 INTERRUPTED agent-stopped", "c2 SUCCEEDED"]);
});

test("a device takes no more open commands than it can keep", async () => {
  await using bench = await aBench(aMachine());
  const blocking = aCommand(1, anExec("wait", "50000"));
  const waiting = Array.from({ length: limits.openCommands }, (_, i) => aCommand(i + 2, anExec("say", "x")));

  await bench.deliver([blocking, ...waiting]);

  assert.deepEqual(await bench.ends(), [`c${limits.openCommands + 1} REJECTED journal-full`]);
});

test("a damaged journal is set aside with a word to the operator, and what it may have held never runs again", async () => {
  const machine = aMachine();
  const first = await aBench(machine);
  await first.deliver([aCommand(1, anExec("say", "one")), aCommand(2, anExec("wait", "1")), aCommand(3)]);
  await first[Symbol.asyncDispose]();
  const journal = Buffer.from((await machine.disk.read("commands/journal")) ?? []).toString();
  await machine.disk.write("commands/journal", Buffer.from(journal.replaceAll(/^.*"c2".*$/gm, "what is this")));
  machine.host.ran.length = 0;

  await using second = await aBench(machine);
  await second.commands.hear(0);
  await second.deliver([aCommand(1, anExec("say", "one")), aCommand(2, anExec("say", "two")), aCommand(9)], 30_000);
  const later = { issuedAtMs: machine.clock.now() };
  await second.deliver([aCommand(10, anExec("say", "new"), later)]);

  assert.deepEqual(machine.host.ran, ["say new"]);
  assert.ok((await second.ends()).includes("c9 SUCCEEDED"));
  const [event] = await second.spool.read("event", 1, { bytes: Infinity, records: Infinity });
  assert.equal(event?.record.agentEvent?.name, "journal-set-aside");
  assert.equal((await machine.disk.list("commands")).length, 2);
  assert.deepEqual(second.commands.conditions(), ["journal-set-aside"]);
});

test("a journal that the disk does not take is no receipt", async () => {
  const machine = { ...aMachine(), disk: new SimulatedDisk(100_000) };
  await using bench = await aBench(machine);
  await machine.disk.write("others", new Uint8Array(100_000 - 1_500));

  await assert.rejects(bench.commands.receive([aCommand(1, anExec("say", "x".repeat(2_000)))]), /no space/);
  await machine.disk.remove("others");
  await bench.deliver([aCommand(1, anExec("say", "room"))]);

  assert.deepEqual(await bench.ends(), ["c1 SUCCEEDED"]);
});
