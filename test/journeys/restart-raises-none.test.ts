import assert from "node:assert/strict";
import { test } from "node:test";
import { SECOND } from "@edgemere/protocol/kit";
import { eventually, startWorld, type World } from "../world/world.ts";

/** How many; another number for a machine that is larger: DEVICES=1000 node --test test/dist/journeys/restart-raises-none.test.js */
const DEVICES = Number(process.env["DEVICES"] ?? 200);
const PATIENCE = 600 * SECOND;
/** A lack of data counts after so long. */
const NO_DATA = 30;

const policies = [
  { name: "mute", condition: 'value("cpu.busy_percent") > 1000', noData: NO_DATA },
  { name: "idle", condition: 'mean("cpu.busy_percent", "1m") > 1000', noData: NO_DATA },
  { name: "away", condition: 'presence == "offline"' },
  { name: "hot", condition: 'value("cpu.busy_percent") > 1000', runsOn: "device" as const },
  { name: "dark", per: "fleet", condition: 'share(presence == "offline") > 0.01', noData: NO_DATA },
  { name: "dull", per: "fleet", condition: 'average(value("cpu.busy_percent")) > 1000', noData: NO_DATA },
];
/** Of all devices it is untrue, and of the first few that come back it may be true. */
const few = { name: "few", per: "fleet", condition: `count(value("cpu.busy_percent") >= 0) < ${DEVICES}` };

test(`a control plane that is killed and comes back raises no alert for ${DEVICES} devices that were well`, async () => {
  const config = { sampleEvery: 5 * SECOND, reportEvery: 5 * SECOND, sources: [] };
  await using world = await startWorld({ devices: DEVICES, config });
  const { client } = world;
  for (const policy of policies) await client.call("sa/pe/policy/create", policy);
  await eventually(() => isWatchedByAll(world), "all devices to watch their policy", PATIENCE);
  await eventually(
    async () => {
      const { deciding } = await client.call("sa/pe/policy/explaingroup", { policy: "dull", group: "fleet" });
      return deciding?.[0]?.known === DEVICES;
    },
    "all devices to have measured something",
    PATIENCE,
  );
  await client.call("sa/pe/policy/create", few);
  await eventually(async () => {
    const { groups } = await client.call("sa/pe/policy/groups", { policy: "few" });
    return groups[0]?.verdict === "unmet";
  }, "the fleet to be looked at");
  await world.controlPlane.kill();
  await world.controlPlane.start();
  const back = Date.now();

  const isBack = () => world.devices.every((each) => each.status()?.isConnected === true);
  await eventually(async () => isBack(), "all devices to come back", PATIENCE);
  // Whoever is missed is missed by then.
  await eventually(async () => Date.now() > back + (NO_DATA + 5) * SECOND, "a lack of data to count", PATIENCE);

  const states = ["pending", "firing", "recovering", "nodata", "maintenance", "resolved"] as const;
  const { items } = await client.call("sa/pe/alert/list", { state: [...states], limit: 500 });
  assert.deepEqual(
    items.map(({ id, state, reason }) => [id, state, reason]),
    [],
  );
  // What they watch by themselves they were sent once.
  assert.ok(await isWatchedByAll(world));
});

async function isWatchedByAll({ client, devices }: World): Promise<boolean> {
  for (const { name } of devices) {
    const { pack } = await client.call("sa/pe/policy/explain", { policy: "hot", device: name });
    if (pack !== 1) return false;
  }
  return true;
}
