import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock, SimulatedDisk } from "@edgemere/protocol/simulated";
import { BenchHost } from "./bench-host.test-support.ts";
import { aBench, aCommand, START } from "./bench.test-support.ts";

const asked = (command: string, task: object = { logCollect: { journal: true } }) => ({
  command,
  issuedAtMs: START,
  expiresAtMs: START + 60_000,
  runTimeoutMs: 10_000,
  actor: "policy:hot",
  ...task,
});

test("what the device asks of itself is done once, whatever asks for it again, and takes no number of the control plane", async () => {
  const [disk, clock] = [new SimulatedDisk(), new ManualClock(START)];
  const host = new BenchHost(clock);
  {
    await using bench = await aBench({ disk, clock, host });
    assert.equal(await bench.commands.askSelf(asked("policy-1-0")), undefined);
    await clock.advance(1_000);
    assert.equal(await bench.commands.askSelf(asked("policy-1-0")), undefined);
    await clock.advance(1_000);
  }
  await using bench = await aBench({ disk, clock, host });
  assert.equal(await bench.commands.askSelf(asked("policy-1-0")), undefined);
  await bench.deliver([aCommand(1)]);

  assert.equal(host.logs.length, 1);
  assert.deepEqual(await bench.ends(), ["c1 SUCCEEDED", "policy-1-0 SUCCEEDED"]);
});

test("what the device asks of itself goes by the rules of its host, as every command does", async () => {
  const [disk, clock] = [new SimulatedDisk(), new ManualClock(START)];
  const host = new BenchHost(clock);
  const policy = async () => "forbid: [log.collect]";
  await using bench = await aBench({ disk, clock, host, policy, allow: [] });

  assert.match((await bench.commands.askSelf(asked("policy-1-0"))) ?? "", /never runs on this host/);
  assert.match((await bench.commands.askSelf(asked("policy-2-0", { exec: { argv: ["say"] } }))) ?? "", /not allowed/);
  await clock.advance(1_000);

  assert.deepEqual([host.logs, host.ran], [[], []]);
});
