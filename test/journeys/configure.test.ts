import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "@edgemere/protocol/simulated";
import { ChaosProxy } from "../faults/tools/chaos-proxy.ts";
import { createJob, endOf } from "../world/jobs.ts";
import { eventually, startWorld } from "../world/world.ts";

test("a real agent is set otherwise from far away, keeps it over a kill, and refuses what could cut it off", async () => {
  await using world = await startWorld();
  const agent = await world.enrolAgent("gw1", ["--allow", "configure", "--every", "load=off"]);
  const configure = async (given: object) => endOf(world, await createJob(world, "gw1", "configure", given));
  const hasLoad = () =>
    eventually(async () => {
      const { values } = await world.client.call("cpl/ta/latest", { device: "gw1" });
      return values.some(({ metric }) => metric.startsWith("load."));
    }, "the load to be measured");

  const set = await configure({ set: { every: ["load=200ms"], "log-level": "debug" } });
  await hasLoad();
  agent.signal("SIGKILL");
  await agent.ended();
  agent.run();
  const kept = await configure({ set: { "log-level": "debug" } });
  const wrong = await configure({ set: { sample: "often", report: "1s" } });
  const hosts = await configure({ set: { data: "/elsewhere" } });
  const back = await configure({ reset: ["every", "log-level"] });

  const settings = [
    { name: "every", values: ["load=200ms"] },
    { name: "log-level", values: ["debug"] },
  ];
  assert.deepEqual([set.state, set.result], ["succeeded", { settings, hasChanged: true }]);
  assert.deepEqual(kept.result, { settings, hasChanged: false });
  assert.deepEqual([wrong.state, wrong.reason], ["failed", "bad-arguments"]);
  assert.match(wrong.detail, /sample: "often" is not a duration/);
  assert.deepEqual([hosts.state, hosts.reason], ["rejected", "bad-arguments"]);
  assert.match(hosts.detail, /data: could cut this device off, and is set on the host only/);
  assert.deepEqual(back.result, { settings: [], hasChanged: true });
});

test("a real agent that is led to an address where nobody is comes back by itself, and one that is led to another door stays there", async () => {
  await using world = await startWorld();
  const { mqtt } = world.controlPlane.ready.ports;
  const agent = await world.enrolAgent("gw1", ["--allow", "configure"]);
  const lead = async (broker: string) => {
    const given = { set: { broker: `mqtts://${broker}` }, confirmWithin: 8 };
    return endOf(world, await createJob(world, "gw1", "configure", given));
  };
  await using door = await ChaosProxy.listen(
    { host: "127.0.0.1", port: 0 },
    { host: "127.0.0.1", port: mqtt },
    seededRandom(1),
  );

  const wrong = await lead("127.0.0.1:1");
  const right = await lead(`127.0.0.1:${door.port}`);
  agent.signal("SIGKILL");
  await agent.ended();
  const passed = door.bytes;
  agent.run();
  await eventually(async () => door.bytes > passed, "the agent to come by the other door again");
  const back = await endOf(world, await createJob(world, "gw1", "configure", { reset: ["broker"] }));

  assert.deepEqual([wrong.state, wrong.reason], ["failed", "reverted"]);
  assert.match(wrong.detail, /no session began with the change within 8 s\. It was taken back/);
  assert.deepEqual([right.state, right.result?.["hasChanged"]], ["succeeded", true]);
  assert.deepEqual([back.state, back.result?.["settings"]], ["succeeded", []]);
});

test("a simulated device that is led to an address where nobody is comes back as a real one does", async () => {
  await using world = await startWorld({ devices: 1 });
  const name = world.devices[0]?.name ?? "";

  const given = { set: { broker: "mqtts://127.0.0.1:1" }, confirmWithin: 5 };
  const { state, reason } = await endOf(world, await createJob(world, name, "configure", given));

  assert.deepEqual([state, reason], ["failed", "reverted"]);
});

test("a simulated device says that it can be set otherwise, and is", async () => {
  await using world = await startWorld({ devices: 1 });
  const name = world.devices[0]?.name ?? "";
  const { agent } = await eventually(async () => {
    const found = await world.client.call("cpl/dm/device/find", { device: name });
    return found.presence === "online" && found;
  }, "the device to come online");

  const { state, result } = await endOf(
    world,
    await createJob(world, name, "configure", { set: { report: "1s", sample: "1s" } }),
  );

  assert.ok(agent.capabilities.includes("command:configure"));
  assert.deepEqual([state, result?.["hasChanged"]], ["succeeded", true]);
});
