import assert from "node:assert/strict";
import { test } from "node:test";
import { SECOND } from "@edgemere/protocol/kit";
import { eventually, startWorld, type World } from "../world/world.ts";

const ALERT = "@site=berlin/dark";
const states = ["pending", "firing", "recovering", "nodata", "maintenance", "resolved"] as const;

const policies = [
  {
    name: "dark",
    per: "site",
    condition: 'share(presence == "offline") > 0.5',
    effects: [{ do: "command" as const, kind: "inventory.refresh" as const }],
  },
  { name: "dull", per: "fleet", condition: 'average(value("cpu.busy_percent")) > 1000', noData: 60 },
];

const stateOf = async ({ client }: World) =>
  (await client.call("sa/pe/alert/list", { policy: "dark", state: [...states] })).items.map(
    ({ id, state, episode }) => [id, state, episode],
  );

test("a site that goes dark is one alert and one rollout, which a killed control plane neither forgets nor tells again", async () => {
  const config = { sampleEvery: 2 * SECOND, reportEvery: 2 * SECOND, sources: [] };
  await using world = await startWorld({ devices: 4, config });
  const { client, devices } = world;
  const [first, second, third, other] = devices;
  assert.ok(first && second && third && other);
  for (const each of devices)
    await client.call("cpl/dm/device/label", { device: each.name, set: { site: each === other ? "oslo" : "berlin" } });
  for (const policy of policies) await client.call("sa/pe/policy/create", policy);
  await eventually(async () => {
    const { groups } = await client.call("sa/pe/policy/groups", { policy: "dark" });
    return groups.map(({ group, devices: count }) => `${group} ${count}`).join() === "site=berlin 3,site=oslo 1";
  }, "both sites to be known");

  await other.stop();
  await eventually(async () => (await stateOf(world)).length === 1, "the site of one device to be dark");
  await other.start();
  await first.stop();
  await second.stop();
  await eventually(
    async () => (await stateOf(world)).some(([id, state]) => id === ALERT && state === "firing"),
    "Berlin to be dark",
  );
  const [done] = await eventually(
    async () => (await client.call("sa/pe/alert/find", { alert: ALERT })).done,
    "the rollout to be asked for",
  );
  const targets = await eventually(async () => {
    const { items } = await client.call("cpl/dm/rollout/targets", { rollout: done?.made ?? "" });
    return items.length > 0 && items;
  }, "its devices to be known");
  assert.deepEqual(
    targets.map(({ name }) => name).toSorted(),
    [first, second, third].map(({ name }) => name).toSorted(),
  );

  await world.controlPlane.kill();
  await world.controlPlane.start();
  const { deciding, devices: count } = await eventually(async () => {
    const explained = await client.call("sa/pe/policy/explaingroup", { policy: "dark", group: "site=berlin" });
    return explained.isWatched && explained;
  }, "the groups to be known again");
  assert.equal(count, 3);
  assert.deepEqual(
    deciding?.[0]?.first.map(({ name }) => name).toSorted(),
    [first, second].map(({ name }) => name).toSorted(),
  );

  await first.start();
  await second.start();
  await eventually(
    async () => (await stateOf(world)).every(([, state]) => state === "resolved"),
    "both sites to be lit",
    120 * SECOND,
  );
  const { items } = await client.call("sa/pe/alert/list", { state: [...states] });
  assert.deepEqual(items.map(({ id, episode }) => `${id} ${episode}`).toSorted(), [`${ALERT} 1`, "@site=oslo/dark 1"]);
});
