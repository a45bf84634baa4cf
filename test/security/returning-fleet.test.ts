import assert from "node:assert/strict";
import { test } from "node:test";
import { connected, enrolled } from "../world/bare-device.ts";
import { newestNumber } from "../world/happenings.ts";
import { eventually, startWorld } from "../world/world.ts";

test("T28 a fleet that comes back all at once is let in as a whole, and none of it is taken for hostile", async () => {
  await using world = await startWorld({ devices: 60 });
  const before = await newestNumber(world);
  const isWell = (each: (typeof world.devices)[number]) => {
    const seen = each.status();
    return seen?.isConnected === true && seen.unacknowledged === 0;
  };
  await eventually(async () => world.devices.every(isWell), "every device to be well");

  await world.controlPlane.kill();
  await eventually(async () => !world.devices.some((each) => each.status()?.isConnected), "every device to know");
  await world.controlPlane.start();

  await eventually(async () => world.devices.every(isWell), "every device to be well again", 120_000);
  const { events } = await world.client.call("ia/event/list", { after: before, limit: 500 });
  assert.deepEqual(
    events.filter(({ type }) => type === "device.quarantined"),
    [],
  );
});

test("T28 a site that opens three hundred connections at one instant is let in, each after its turn", async () => {
  await using world = await startWorld();
  const identities = await Promise.all(Array.from({ length: 10 }, (_, i) => enrolled(world, `site-${i}`)));

  const outcomes = await Promise.allSettled(
    Array.from({ length: 300 }, (_, i) => {
      const identity = identities[i % identities.length];
      assert.ok(identity);
      return connected(identity, { connectTimeout: 60_000 }).then((device) => device[Symbol.asyncDispose]());
    }),
  );

  // Of one device the newest connection wins, and the others end: what counts is that nobody was told that it may not come.
  const refusals = (await world.client.call("cpl/dm/session/refusals")).refusals;
  assert.deepEqual(
    [refusals["too-many"], refusals["not-admitted"], refusals["misconduct"]],
    [undefined, undefined, undefined],
  );
  assert.ok(outcomes.some(({ status }) => status === "fulfilled"));
});
