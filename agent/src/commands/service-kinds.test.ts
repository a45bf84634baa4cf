import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock, SimulatedDisk } from "@edgemere/protocol/simulated";
import type { ServiceStatus } from "../host/host.ts";
import { BenchHost } from "./bench-host.test-support.ts";
import { aBench, aCommand, START } from "./bench.test-support.ts";
import { unreached } from "./handlers/service-change.ts";

const aMachine = () => {
  const clock = new ManualClock(START);
  return { disk: new SimulatedDisk(), clock, host: new BenchHost(clock) };
};
const web = { name: "web" };

test("a service that is as it is wanted is left alone, and the result says so", async () => {
  const machine = aMachine();
  await using bench = await aBench(machine);

  await bench.deliver([
    aCommand(1, { serviceStart: web }),
    aCommand(2, { serviceStop: web }),
    aCommand(3, { serviceStop: web }),
    aCommand(4, { serviceStart: web }),
    aCommand(5, { serviceReload: web }),
  ]);

  const ended = (await bench.reports()).filter(({ finishedAtMs }) => finishedAtMs > 0);
  assert.deepEqual(machine.host.ran, ["stop web", "start web", "reload web"]);
  const results = ended.map((each) => each.serviceStart ?? each.serviceStop ?? each.serviceReload);
  assert.deepEqual(
    results.map((each) => [each?.state, each?.mainPid, each?.hasChanged]),
    [
      ["running", 100, false],
      ["stopped", 0, true],
      ["stopped", 0, false],
      ["running", 101, true],
      ["running", 101, true],
    ],
  );
});

test("a service that does not run is not reloaded, and its state is told", async () => {
  const machine = aMachine();
  await using bench = await aBench(machine);

  await bench.deliver([aCommand(1, { serviceStop: web }), aCommand(2, { serviceReload: web })]);

  assert.deepEqual(await bench.ends(), ["c1 SUCCEEDED", "c2 FAILED failed"]);
  const [end] = (await bench.reports()).filter(({ command, finishedAtMs }) => command === "c2" && finishedAtMs > 0);
  assert.match(end?.detail ?? "", /web is stopped .*only what runs can be reloaded/);
  assert.deepEqual(machine.host.ran, ["stop web"]);
});

test("a start that was cut off by the agent's end is done again, and finds what is there", async () => {
  const machine = aMachine();
  const first = await aBench(machine);
  await first.deliver([aCommand(1, { serviceStop: web })]);
  await first.deliver([aCommand(2, { serviceStart: web })], 10);
  await first[Symbol.asyncDispose]();

  await using second = await aBench(machine);
  await machine.clock.advance(1_000);

  assert.deepEqual(await second.ends(), ["c1 SUCCEEDED", "c2 SUCCEEDED"]);
  assert.deepEqual(machine.host.ran, ["stop web", "start web"]);
});

test("a failure has the last lines of the service in it, and never more than a report may hold", () => {
  const status: ServiceStatus = { name: "web", manager: "systemd", state: "failed", detail: "failed (failed)" };

  assert.equal(
    unreached("start", { ...status, lastLines: ["bad line 3", "bye"] }),
    "after the start web is failed: failed (failed)\nbad line 3\nbye",
  );
  assert.ok(unreached("stop", { ...status, lastLines: ["x".repeat(9_000)] }).length <= 4_096);
});
