import assert from "node:assert/strict";
import { test } from "node:test";
import { aDevice } from "../device.test-support.ts";
import { updateDevice } from "./contract.ts";
import { startDevices } from "./devices.test-support.ts";

test("a device does not get the name of another one, and keeps its own when it is given again", async () => {
  await using world = await startDevices();
  await world.store.commit(aDevice("d1", { name: "gw-1" }), aDevice("d2", { name: "gw-2" }));

  await assert.rejects(world.call(updateDevice, { device: "gw-1", name: "gw-2" }), {
    type: "conflict",
    message: /already a device "gw-2"/,
  });
  assert.equal((await world.call(updateDevice, { device: "gw-1", name: "gw-1" })).name, "gw-1");
  assert.equal((await world.call(updateDevice, { device: "gw-1", name: "gw-3" })).name, "gw-3");
});

test("of two devices that are given one name at the same moment one keeps its own", async () => {
  await using world = await startDevices();
  await world.store.commit(aDevice("d1", { name: "gw-1" }), aDevice("d2", { name: "gw-2" }));

  const answers = await Promise.allSettled(
    ["d1", "d2"].map((device) => world.call(updateDevice, { device, name: "gw" })),
  );

  assert.deepEqual(answers.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
});
