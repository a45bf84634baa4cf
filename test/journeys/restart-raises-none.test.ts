import assert from "node:assert/strict";
import { test } from "node:test";
import { SECOND } from "@edgemere/protocol/kit";
import { eventually, startWorld, type World } from "../world/world.ts";

/**
 * How many; another number for a machine that is larger: DEVICES=1000 node --test test/dist/journeys/restart-raises-none.test.js. All agents share
 * the disk of one machine, and sync whatever they report: with many of them TMPDIR=/dev/shm.
 */
const DEVICES = Number(process.env["DEVICES"] ?? 200);
const PATIENCE = 600 * SECOND;
/** Seconds between two reports of a device: with many of them as few as a large fleet is set to. */
const EVERY = DEVICES > 200 ? 10 : 5;
/** A lack of data counts after so long. */
const NO_DATA = 6 * EVERY;

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

test(`a control plane that is killed and comes back raises no alert for ${DEVICES} devices that were well`, async (t) => {
  const every = EVERY * SECOND;
  // What no policy looks at is not measured: so many agents share two processors with what they report to.
  const telemetry = { sources: { cpu: every }, rollUp: [], deadBands: [] };
  const config = { sampleEvery: every, reportEvery: every, telemetry, sources: [] };
  const begun = performance.now();
  const tell = (what: string) => {
    const memory = Math.round(process.memoryUsage.rss() / 1024 ** 2);
    t.diagnostic(`${what} after ${Math.round((performance.now() - begun) / SECOND)} s; all agents take ${memory} MiB`);
  };
  await using world = await startWorld({ devices: DEVICES, config });
  tell("all are enrolled");
  const { client } = world;
  for (const policy of policies) await client.call("sa/pe/policy/create", policy);
  await eventually(watchedByAll(world), "all devices to watch their policy", PATIENCE);
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
  tell("all are watched");
  await world.controlPlane.kill();
  await world.controlPlane.start();
  const back = Date.now();

  const isBack = () => world.devices.every((each) => each.status()?.isConnected === true);
  await eventually(async () => isBack(), "all devices to come back", PATIENCE);
  tell("all are back");
  // Whoever is missed is missed by then.
  await eventually(async () => Date.now() > back + (NO_DATA + 5) * SECOND, "a lack of data to count", PATIENCE);

  const states = ["pending", "firing", "recovering", "nodata", "maintenance", "resolved"] as const;
  const { items } = await client.call("sa/pe/alert/list", { state: [...states], limit: 500 });
  assert.deepEqual(
    items.map(({ id, state, reason }) => [id, state, reason]),
    [],
  );
  // What they watch by themselves they were sent once.
  assert.ok(await watchedByAll(world)());
});

/** Asks whether all devices watch their policy; who does is not asked again. */
function watchedByAll({ client, devices }: World): () => Promise<boolean> {
  const waiting = new Set(devices.map(({ name }) => name));
  return async () => {
    for (const name of waiting) {
      const { pack } = await client.call("sa/pe/policy/explain", { policy: "hot", device: name });
      if (pack !== 1) return false;
      waiting.delete(name);
    }
    return true;
  };
}
