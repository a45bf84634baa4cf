import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock, SimulatedDisk } from "@edgemere/protocol/simulated";
import { BenchHost } from "./bench-host.test-support.ts";
import { aBench, aCommand, START } from "./bench.test-support.ts";

const aMachine = () => {
  const clock = new ManualClock(START);
  return { disk: new SimulatedDisk(), clock, host: new BenchHost(clock) };
};

const scripts = { apply: Buffer.from("cut"), revert: Buffer.from("mend") };
const aChange = (more: object = {}) => ({
  networkChange: { ...scripts, files: ["/etc/net"], confirmWithinMs: 30_000, maxOutputBytes: 100, ...more },
});

test("a change of the network succeeds with the session that begins with it", async () => {
  const machine = aMachine();
  await using bench = await aBench(machine);

  await bench.deliver([aCommand(1, aChange())]);

  assert.deepEqual([await bench.ends(), machine.host.ran], [["c1 SUCCEEDED"], ["/bin/sh cut"]]);
});

test("a change of the network without a session is taken back, and its command says so", async () => {
  const machine = aMachine();
  await using bench = await aBench({ ...machine, isReachable: () => false });

  await bench.deliver([aCommand(1, aChange())], 40_000);

  assert.deepEqual(await bench.ends(), ["c1 FAILED reverted"]);
  assert.deepEqual(machine.host.ran, ["/bin/sh cut", "put back 1 files", "/bin/sh mend"]);
  assert.match((await bench.reports()).at(-1)?.detail ?? "", /^no session began with the change within 30 s\./);
});

test("a change of the network whose time is longer than its command's is taken back when that is over", async () => {
  const machine = aMachine();
  await using bench = await aBench({ ...machine, isReachable: () => false });

  await bench.deliver([aCommand(1, aChange({ confirmWithinMs: 600_000 }), { runTimeoutMs: 20_000 })], 30_000);

  assert.deepEqual(await bench.ends(), ["c1 TIMED_OUT ran-too-long"]);
  assert.deepEqual(machine.host.ran.at(-1), "/bin/sh mend");
});

test("what an agent that was stopped left of a change is seen through by the next one, and told once", async () => {
  const machine = aMachine();
  {
    await using bench = await aBench({ ...machine, isReachable: () => false });
    await bench.deliver([aCommand(1, aChange())], 5_000);
    assert.deepEqual(await bench.ends(), []);
  }

  await using bench = await aBench({ ...machine, isReachable: () => false });
  await bench.deliver([], 40_000);

  assert.deepEqual(await bench.ends(), ["c1 FAILED reverted"]);
  assert.deepEqual(machine.host.ran, ["/bin/sh cut", "put back 1 files", "/bin/sh mend"]);
});

for (const [what, more, message] of [
  ["without a script", { apply: new Uint8Array() }, /^apply: the script is empty/],
  ["without a way back", { revert: new Uint8Array(), files: [] }, /^revert: nothing says how/],
  ["with a file that has no whole path", { files: ["net"] }, /^files: "net" must start with/],
  ["with NUL in a path", { files: ["/a\0"] }, /^files: "\/a\\u0000" must start with/],
  ["with more files than are kept", { files: Array.from({ length: 65 }, () => "/a") }, /^files: at most 64/],
  ["that is to be confirmed in no time", { confirmWithinMs: 0 }, /^confirm_within_ms: must be from 5000/],
] as const) {
  test(`a change of the network ${what} is rejected in words, and nothing is done`, async () => {
    const machine = aMachine();
    await using bench = await aBench(machine);

    await bench.deliver([aCommand(1, aChange(more))]);

    assert.deepEqual([await bench.ends(), machine.host.ran], [["c1 REJECTED bad-arguments"], []]);
    assert.match((await bench.reports()).at(-1)?.detail ?? "", message);
  });
}
