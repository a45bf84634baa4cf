import assert from "node:assert/strict";
import { test } from "node:test";
import { planJob } from "./contract.ts";
import { answer, change, devicesIn, lookAt, roll, startFleet, steps } from "./rollouts.test-support.ts";

const canary = { alerts: true, span: 600 };
const wish = { waves: [{ count: 8 }], canary };
const SPAN = 600_000;

test("devices that go dark after they were changed stop a rollout, whose untouched devices are well", async () => {
  await using world = await startFleet(40);
  const { id } = await roll(world, wish);
  const changed = await devicesIn(world, id, "active");
  await answer(world, id);
  for (const own of changed) await change(world, own, { presence: "offline", presenceAt: world.clock.now() });

  await world.advance(SPAN);
  await steps(world);

  const { stop, waves } = await lookAt(world, id);
  assert.deepEqual([stop?.reason, stop?.detail], ["canary", "alerts became worse on devices that were changed"]);
  assert.deepEqual(
    waves[0]?.canary?.comparisons.map(({ measure, treated, control, change: worse }) => [
      measure,
      treated,
      control,
      worse,
    ]),
    [["alerts", 8, 32, 100]],
  );
});

test("what befalls all devices alike stops no rollout, and lets none go on before it is clear", async () => {
  await using world = await startFleet(40);
  const { id } = await roll(world, wish);
  const changed = await devicesIn(world, id, "active");
  await answer(world, id);
  const others = await devicesIn(world, id, "queued");
  for (const own of [...changed.slice(0, 4), ...others.slice(0, 16)])
    await change(world, own, { conditions: ["disk-full"] });

  await world.advance(SPAN);
  await steps(world);

  const { state, waves } = await lookAt(world, id);
  assert.deepEqual([state, waves[0]?.canary?.verdict], ["running", "hold"]);
});

test("a rollout goes on when nothing is wrong with anybody", async () => {
  await using world = await startFleet(40);
  const { id } = await roll(world, wish);
  await answer(world, id);

  await world.advance(SPAN);
  await steps(world);

  assert.equal((await lookAt(world, id)).opened, 2);
});

test("alerts that somebody else watches for count beside what a device's own row tells", async () => {
  const begun = new Map<string, number>();
  const alertsOf = async ({ id }: { readonly id: string }, since: number) =>
    (begun.get(id) ?? -Infinity) >= since ? ["too hot"] : [];
  await using world = await startFleet(40, { alertsOf });
  const { id } = await roll(world, wish);
  const changed = await devicesIn(world, id, "active");
  await answer(world, id);
  for (const own of changed) begun.set(own, world.clock.now());

  await world.advance(SPAN);
  await steps(world);

  assert.equal((await lookAt(world, id)).stop?.reason, "canary");
});

test("a comparison of nothing is refused, and one of alerts needs the permission to see devices", async () => {
  await using world = await startFleet(2);
  const asked = { selector: "fleet=f", kind: "ping" } as const;
  const poor = { actor: "user:max", account: "max", permissions: ["job:create", "command:ping", "telemetry:read"] };

  await assert.rejects(world.call(planJob, { ...asked, canary: { span: 600 } }), /compares a metric, alerts, or both/);
  await assert.rejects(world.call(planJob, { ...asked, canary }, poor), /needs the permission device:read/);
});
