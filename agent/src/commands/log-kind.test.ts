import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock, SimulatedDisk } from "@edgemere/protocol/simulated";
import { BenchHost } from "./bench-host.test-support.ts";
import { aBench, aCommand, START } from "./bench.test-support.ts";

const aMachine = () => {
  const clock = new ManualClock(START);
  return { disk: new SimulatedDisk(), clock, host: new BenchHost(clock) };
};

test("logs are asked of the host with the folders that its owner opened, and the result says what was sent and what not", async () => {
  const machine = aMachine();
  await using bench = await aBench(machine);

  await bench.deliver([
    aCommand(1, { logCollect: { files: ["/var/log/app.log"], maxBytes: 10 } }),
    aCommand(2, { logCollect: { journal: true, maxBytes: 2 ** 31, estimate: true } }),
  ]);

  assert.deepEqual(await bench.ends(), ["c1 SUCCEEDED", "c2 SUCCEEDED"]);
  assert.deepEqual(
    machine.host.logs.map(({ roots, maxBytes, isEstimate }) => [roots, maxBytes, isEstimate]),
    [
      [["/var/log"], 10, false],
      [["/var/log"], 8 * 1024 ** 2, true],
    ],
  );
  const results = (await bench.reports()).flatMap(({ logCollect }) => logCollect ?? []);
  assert.deepEqual(
    results.map((each) => [each.totalBytes, each.outputBytes, each.droppedBytes]),
    [
      [30, 12, 20],
      [30, 12, 0],
    ],
  );
});

for (const [what, given, message] of [
  ["of nothing", {}, /none is named/],
  ["of a path without its root", { files: ["log/app.log"] }, /files: log\/app\.log must start with \//],
  ["of a service that is an option", { units: ["--merge"] }, /units: "--merge" cannot be the name/],
  ["of a time that ends before it begins", { journal: true, sinceMs: 2, untilMs: 1 }, /until_ms/],
] as const) {
  test(`logs ${what} are refused`, async () => {
    const machine = aMachine();
    await using bench = await aBench(machine);

    await bench.deliver([
      aCommand(1, {
        logCollect: {
          ...given,
          files: [...("files" in given ? given.files : [])],
          units: [...("units" in given ? given.units : [])],
        },
      }),
    ]);

    assert.deepEqual([await bench.ends(), machine.host.logs], [["c1 REJECTED bad-arguments"], []]);
    assert.match((await bench.reports()).at(-1)?.detail ?? "", message);
  });
}
