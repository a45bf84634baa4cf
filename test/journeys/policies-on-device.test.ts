import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { eventually, startWorld } from "../world/world.ts";

test("a device that is cut off acts by its policies once, and its alert has its own time when it is back", async (t) => {
  let level = 10;
  let reads = 0;
  const machine = createServer((_, response) => {
    reads += 1;
    response.end(`level ${level}\n`);
  }).listen(0, "127.0.0.1");
  t.after(() => machine.close());
  await eventually(async () => machine.listening, "the machine's endpoint to listen");
  const { port } = machine.address() as AddressInfo;

  await using world = await startWorld();
  const flags = ["--scrape", `tank=http://127.0.0.1:${port}/metrics`, "--every", "tank=1s"];
  const agent = await world.enrolAgent("gw1", flags);
  const { id } = await world.client.call("cpl/dm/device/find", { device: "gw1" });
  await world.client.call("sa/pe/policy/create", {
    name: "flood",
    condition: 'value("tank.level") > 90',
    runsOn: "device",
    effects: [{ do: "command", kind: "inventory.refresh" }],
  });
  const explained = () => world.client.call("sa/pe/policy/explain", { policy: "flood", device: "gw1" });
  const alerts = async () =>
    (await world.client.call("sa/pe/alert/list", { device: ["gw1"], state: ["firing", "resolved"] })).items;
  const acts = () => (agent.output.match(/command started.*policy-\d+-0/g) ?? []).length;
  const runs = async (pack: number) => (await explained()).pack === pack && (await explained()).heardAt !== undefined;
  await eventually(() => runs(1), "the device to watch its policy");

  await t.test("while nobody hears it the condition comes to hold, and it acts", async () => {
    await world.controlPlane.stop();
    level = 97;
    await eventually(async () => acts() > 0, "the device to act");
    const seen = reads;
    await eventually(async () => reads > seen + 2, "it to go on measuring");

    assert.equal(acts(), 1);
  });
  const acted = Date.now();

  await t.test("it is killed and goes on without beginning anew", async () => {
    agent.signal("SIGKILL");
    await agent.ended();
    agent.run();
    const seen = reads;
    await eventually(async () => reads > seen + 2, "it to measure again");
  });

  await t.test("the control plane comes back to one alert of the time in which nobody heard it", async () => {
    await world.controlPlane.start();
    const alert = await eventually(async () => (await alerts()).find(({ state }) => state === "firing"), "the alert");

    assert.deepEqual([alert.device, alert.episode, alert.decidedOn], [id, 1, "device"]);
    assert.ok((alert.firedAt ?? Infinity) <= acted);
    assert.ok((alert.heardAt ?? 0) > acted);
    assert.deepEqual(
      alert.done?.map(({ what, ended, problem }) => [what, ended, problem]),
      [["inventory.refresh", "succeeded", undefined]],
    );
    assert.match((await explained()).answer, /decided on the device, last heard/);
  });

  await t.test("it is over when the device says so, and what followed was done once", async () => {
    level = 20;
    await eventually(async () => (await alerts())[0]?.state === "resolved", "the alert to be over");

    assert.equal(acts(), 0);
    assert.equal((await alerts()).length, 1);
  });
});
