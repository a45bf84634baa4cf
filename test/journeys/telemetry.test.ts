import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually, startWorld } from "../world/world.ts";

test("a sample of this machine travels from /proc to the control plane and survives a restart of it", async () => {
  await using world = await startWorld();
  await world.enrolAgent("gw1");

  const before = await eventually(async () => {
    const { values } = await world.client.call("cpl/ta/latest", { device: "gw1" });
    return values.find(({ metric }) => metric === "memory.total_bytes");
  }, "the first sample");
  await world.controlPlane.stop();
  await world.controlPlane.start();
  const after = await eventually(async () => {
    const { values } = await world.client.call("cpl/ta/latest", { device: "gw1" });
    const value = values.find(({ metric }) => metric === "memory.total_bytes");
    return value !== undefined && value.at > before.at ? value : undefined;
  }, "a sample from after the restart");

  assert.ok(before.value > 0);
  assert.equal(after.value, before.value);
  const { series, gaps } = await world.client.call("cpl/ta/history", { device: "gw1", metric: ["memory.total_bytes"] });
  assert.deepEqual(gaps, []);
  assert.ok(series[0]?.at.includes(before.at));
  assert.ok(series[0]?.at.includes(after.at));
});

test("every device of a fleet reports, and a device is found by what it is", async () => {
  await using world = await startWorld({ devices: 20, labels: { site: "berlin" } });

  const { items } = await eventually(async () => {
    const page = await world.client.call("cpl/dm/device/list", {
      selector: "site=berlin and presence=online",
      limit: 500,
    });
    return page.items.length === 20 && page;
  }, "twenty devices online");

  for (const { id } of items)
    await eventually(
      async () => (await world.client.call("cpl/ta/metrics", { device: id })).metrics.length > 0,
      `metrics of ${id}`,
    );
});
