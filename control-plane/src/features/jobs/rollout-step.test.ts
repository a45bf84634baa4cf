import assert from "node:assert/strict";
import { test } from "node:test";
import { updated } from "../../platform/change.ts";
import { cancelRollout, rollout } from "./contract.ts";
import { answer, lookAt, roll, startFleet, steps } from "./rollouts.test-support.ts";
import { rolloutDues, woken } from "./tables.ts";

test("a rollout that cannot be carried on holds up no other", async () => {
  await using world = await startFleet(2);
  const { id: broken } = await roll(world, { mode: "continuous", selector: "name=f000" });
  await world.store.commit(
    updated(rollout, await lookAt(world, broken), { selector: "no selector at all ((" }),
    woken(broken),
  );

  const { id } = await roll(world, { devices: ["f001"] });
  await steps(world, 12);
  await answer(world, id);
  await steps(world, 12);

  assert.equal((await lookAt(world, id)).state, "succeeded");
});

test("a rollout of which nothing is to be done is not looked at, and news of it are seen at the next look", async () => {
  await using world = await startFleet(3);
  const { id } = await roll(world, { waves: [{ count: 1, soak: 600 }] });
  await answer(world, id);
  const looked = async () => {
    const [due] = (await world.store.list(rolloutDues)).items;
    return due?.at ?? 0;
  };

  await steps(world);
  const next = await looked();
  assert.ok(next > world.clock.now() + 30_000, "it is left alone for longer than a few looks");
  await steps(world, 20);
  assert.equal(await looked(), next);

  await world.call(cancelRollout, { rollout: id });
  await steps(world);
  assert.deepEqual([(await lookAt(world, id)).state, (await world.store.list(rolloutDues)).items], ["cancelled", []]);
});
