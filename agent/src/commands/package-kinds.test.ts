import assert from "node:assert/strict";
import { test } from "node:test";
import { v1 } from "@edgemere/protocol";
import { ManualClock, SimulatedDisk } from "@edgemere/protocol/simulated";
import fc from "fast-check";
import { BenchHost } from "./bench-host.test-support.ts";
import { aBench, aCommand, START } from "./bench.test-support.ts";
import { packagesWrong } from "./handlers/package-change.ts";

const aMachine = () => {
  const clock = new ManualClock(START);
  return { disk: new SimulatedDisk(), clock, host: new BenchHost(clock) };
};
const given = (packages: string[], configuration = "") =>
  v1.PackageArguments.decode(v1.PackageArguments.encode({ packages, configuration }).finish());

test("packages are changed as they were asked to be, and the result has what changed and what is held", async () => {
  const machine = aMachine();
  await using bench = await aBench(machine);

  await bench.deliver([
    aCommand(1, { packageInstall: { packages: ["nginx"], refresh: true, configuration: "replace", lockWaitMs: 5 } }),
    aCommand(2, { packageRemove: { packages: ["nginx"], purge: true, mayRemove: true } }),
    aCommand(3, { packageUpgrade: {} }),
  ]);

  assert.deepEqual(await bench.ends(), ["c1 SUCCEEDED", "c2 SUCCEEDED", "c3 SUCCEEDED"]);
  assert.deepEqual(
    machine.host.packages.map((each) => [each.change, each.packages, each.configuration, each.lockWait]),
    [
      ["install", ["nginx"], "replace", 5],
      ["remove", ["nginx"], "keep", 0],
      ["upgrade", [], "keep", 0],
    ],
  );
  assert.deepEqual(
    machine.host.packages.map((each) => [each.refresh, each.purge, each.mayRemove]),
    [
      [true, false, false],
      [false, true, true],
      [false, false, false],
    ],
  );
  const result = (await bench.reports()).find(({ packageInstall }) => packageInstall)?.packageInstall;
  assert.deepEqual(
    [result?.changes?.map(({ name, before, after }) => [name, before, after]), result?.changed, result?.held],
    [[["nginx", "", "1.0"]], 1, ["vim"]],
  );
});

test("what the host refuses is told with its reason, and with what changed by then", async () => {
  const machine = aMachine();
  await using bench = await aBench(machine);

  await bench.deliver([
    aCommand(1, { packageUpgrade: { packages: ["held"] } }),
    aCommand(2, { packageInstall: { packages: ["busy"] } }),
  ]);

  assert.deepEqual(await bench.ends(), ["c1 FAILED not-permitted", "c2 FAILED busy"]);
  assert.deepEqual((await bench.reports()).find(({ packageUpgrade }) => packageUpgrade)?.packageUpgrade?.held, ["vim"]);
});

test("what may have been half done when the agent stopped is done again", async () => {
  const machine = aMachine();
  const first = await aBench(machine);
  await first.deliver([aCommand(1, { packageInstall: { packages: ["nginx"] } })], 0);
  await first[Symbol.asyncDispose]();

  await using second = await aBench(machine);
  await machine.clock.advance(1_000);

  assert.deepEqual(await second.ends(), ["c1 SUCCEEDED"]);
});

for (const [change, packages, configuration, message] of [
  ["install", [], "", /none is named/],
  ["remove", [], "", /none is named/],
  ["install", ["nginx-"], "", /"nginx-" is no package/],
  ["install", ["--force-yes"], "", /is no package/],
  ["install", ["./evil.deb"], "", /is no package/],
  ["remove", ["nginx=1.0"], "", /a removal takes no version/],
  ["install", ["nginx"], "ask", /configuration: must be keep or replace/],
  ["install", Array.from({ length: 101 }, (_, index) => `p${index}`), "", /at most 100/],
] as const) {
  test(`${change} of ${packages.slice(0, 2).join(" ") || "nothing"}${configuration && ` with configuration ${configuration}`} is refused`, () => {
    assert.match(packagesWrong(change, given([...packages], configuration)) ?? "", message);
  });
}

test("whatever is taken for a package can be no option, pattern, path or removal to apt", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[a-z0-9.+:=~^*?/-]{1,8}$/)), (text) => {
      if (packagesWrong("install", given([text])) !== undefined) return;

      assert.doesNotMatch(text.split("=")[0] ?? "", /^[-+.?~]|[-*?^/\s]$|[*?^/\s~]/);
    }),
  );
});
