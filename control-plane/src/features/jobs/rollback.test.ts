import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "@edgemere/protocol/simulated";
import { memoryDatabase } from "../../platform/database.ts";
import { cancelRollout, command, job, planJob, rollBackRollout, rollout, type Rollout } from "./contract.ts";
import type { World } from "./jobs.test-support.ts";
import {
  alice,
  answer,
  bob,
  change,
  devicesIn,
  exec,
  idOf,
  lookAt,
  roll,
  startFleet,
  steps,
  targetsIn,
} from "./rollouts.test-support.ts";

const rollback = { kind: "exec", arguments: { argv: ["true", "again"] } } as const;
/** Two devices, then four, then the rest; the first failures stop it. */
const wish = {
  ...exec,
  waves: [{ count: 2 }, { count: 4, success: 50 }],
  abort: [{ percent: 30, least: 5 }],
  rollback,
};

/** The rollout that undoes another one. */
async function undoing(world: World, id: string): Promise<Rollout> {
  const { undoneBy } = await lookAt(world, id);
  assert.ok(undoneBy, "it is undone");
  return lookAt(world, undoneBy.rollout);
}

/** Rolls out until the second wave has failed on two devices and stopped it. */
async function stoppedInWaveTwo(world: World, over: object = {}): Promise<string> {
  const { id } = await roll(world, { ...wish, ...over }, alice);
  await answer(world, id);
  const [one, other, third] = await devicesIn(world, id, "active");
  await answer(world, id, (own) => (own === third ? "succeeded" : own === one || own === other ? "failed" : "nothing"));
  return id;
}

test("a rule for failures undoes a rollout on whoever had begun, and on nobody else", async () => {
  await using world = await startFleet(12);

  const id = await stoppedInWaveTwo(world);
  const back = await undoing(world, id);
  assert.deepEqual(
    [(await lookAt(world, id)).state, back.kind, back.undoes],
    ["rollingback", "exec", { rollout: id, isComplete: false }],
  );
  await answer(world, id);
  const begun = (await targetsIn(world, id)).filter(({ beganAt }) => beganAt !== undefined).map(({ device }) => device);
  assert.equal(begun.length, 6);
  assert.deepEqual(await devicesIn(world, back.id), begun);
  await answer(world, back.id);
  await steps(world);

  assert.deepEqual(
    [(await lookAt(world, id)).state, (await lookAt(world, back.id)).state],
    ["rolledback", "succeeded"],
  );
  assert.equal((await devicesIn(world, id, "cancelled")).length, 6);
});

test("what began last is undone first", async () => {
  await using world = await startFleet(12);

  const id = await stoppedInWaveTwo(world, { atOnce: 3 });
  await answer(world, id);
  const back = await undoing(world, id);

  const waveOf = new Map((await targetsIn(world, id)).map(({ device, wave }) => [device, wave]));
  const first = await devicesIn(world, back.id, "active", "succeeded");
  assert.deepEqual([...new Set(first.map((own) => waveOf.get(own)))], [1]);
  assert.deepEqual(
    (await targetsIn(world, back.id)).map(({ device, wave }) => [device, 1 - wave]),
    (await targetsIn(world, back.id)).map(({ device }) => [device, waveOf.get(device)]),
  );
});

test("who was still at it when it was stopped is undone after its end", async () => {
  await using world = await startFleet(12);

  const id = await stoppedInWaveTwo(world);
  const [late = ""] = await devicesIn(world, id, "active");
  const back = await undoing(world, id);
  assert.ok(!(await devicesIn(world, back.id)).includes(late));
  await answer(world, back.id);
  await steps(world);
  assert.equal((await lookAt(world, back.id)).state, "running", "one is still to come");
  await answer(world, id);
  assert.ok((await devicesIn(world, back.id, "active")).includes(late));
  await answer(world, back.id);
  await steps(world);

  assert.equal((await lookAt(world, id)).state, "rolledback");
});

test("a rollout that is not undone everywhere says so", async () => {
  await using world = await startFleet(12);
  const id = await stoppedInWaveTwo(world);
  await answer(world, id);
  const back = await undoing(world, id);

  const [first = ""] = await devicesIn(world, back.id, "active");
  await answer(world, back.id, (own) => (own === first ? "failed" : "succeeded"));
  await steps(world);

  assert.deepEqual(
    [(await lookAt(world, back.id)).state, (await lookAt(world, id)).state],
    ["partial", "rollbackfailed"],
  );
});

test("what undoes is stopped when somebody cancels it: then the rollout is not undone", async () => {
  await using world = await startFleet(12);
  const id = await stoppedInWaveTwo(world);
  await answer(world, id);
  const back = await undoing(world, id);

  await world.call(cancelRollout, { rollout: back.id }, alice);
  await answer(world, back.id);
  await steps(world, 6);

  assert.deepEqual(
    [(await lookAt(world, back.id)).state, (await lookAt(world, id)).state],
    ["cancelled", "rollbackfailed"],
  );
});

test("a person rolls a rollout back at any time while it is not over", async () => {
  await using world = await startFleet(4);
  const { id } = await roll(world, { waves: [{ count: 2, soak: 600 }], rollback }, alice);
  await answer(world, id);

  await world.call(rollBackRollout, { rollout: id }, alice);
  await steps(world);
  const back = await undoing(world, id);
  await answer(world, back.id);
  await steps(world);

  const { state, stop } = await lookAt(world, id);
  assert.deepEqual([state, stop?.reason, stop?.by], ["rolledback", "rolled-back", "user:alice"]);
  assert.equal((await devicesIn(world, back.id, "succeeded")).length, 2);
});

test("a rollout that does not say what undoes it cannot be rolled back, nor one of which nothing has begun", async () => {
  await using world = await startFleet(2, { approvers: { hasOther: async () => true } });
  const { id: plain } = await roll(world, {}, alice);
  const { id: waiting } = await roll(world, { ...exec, rollback }, alice);

  await assert.rejects(world.call(rollBackRollout, { rollout: plain }, alice), /does not say what undoes it/);
  await assert.rejects(world.call(rollBackRollout, { rollout: waiting }, alice), /nothing has begun: cancel it/);
});

test("a rollout that somebody cancelled is not undone", async () => {
  await using world = await startFleet(2);
  const { id } = await roll(world, { ...wish, waves: [{ count: 1 }] }, alice);

  await world.call(cancelRollout, { rollout: id }, alice);
  await steps(world);

  assert.equal((await lookAt(world, id)).state, "cancelled");
  assert.equal(await world.store.count(rollout), 1);
});

test("what undoes needs its own permission, a second person as it would, and a device that knows it", async () => {
  await using world = await startFleet(3, { approvers: { hasOther: async () => true } });
  await change(world, idOf(1), {
    agent: { version: "1", bootId: "b", capabilities: ["command:ping"], lastExitReason: "", clockOffset: 0 },
  });
  const asked = { selector: "fleet=f", kind: "ping", rollback } as const;
  const poor = { actor: "user:max", account: "max", permissions: ["job:create", "command:ping"] };

  await assert.rejects(world.call(planJob, asked, poor), /may not ask for exec/);
  const { plan, isApprovalNeeded, never, ...told } = await world.call(planJob, asked, alice);

  assert.match(plan, /^exec\./, "who applies it is asked for a password as for what undoes it");
  assert.deepEqual([isApprovalNeeded, told.rollback], [true, { kind: "exec", effect: "unknown" }]);
  assert.deepEqual(
    never.map(({ reason, devices }) => [reason, devices]),
    [["kind-unsupported", 1]],
  );
  await assert.rejects(
    world.call(planJob, { ...asked, rollback: { kind: "exec", arguments: { argv: 7 } } }, bob),
    (error: Error & { errors?: readonly { pointer: string }[] }) =>
      JSON.stringify(error).includes("/rollback/arguments/argv"),
  );
});

test("undoing goes on where it was when the control plane was started anew, and asks nobody twice", async () => {
  const database = { ...memoryDatabase(), close: async () => {} };
  const clock = new ManualClock();
  const id = await (async () => {
    await using world = await startFleet(12, { database, clock });
    const { id } = await roll(world, { ...wish, waves: [{ percent: 50 }] }, alice);
    await world.call(rollBackRollout, { rollout: id }, alice);
    await steps(world);
    return id;
  })();

  await using world = await startFleet(0, { database, clock: new ManualClock(clock.now() + 1_000) });
  for (let round = 0; round < 6; round++) {
    await answer(world, id);
    await answer(world, (await undoing(world, id)).id);
  }

  assert.equal((await lookAt(world, id)).state, "rolledback");
  const back = await undoing(world, id);
  const asked = (await world.store.list(job, { limit: 100 })).items.filter((each) => each.rollout === back.id);
  assert.equal(asked.length, (await devicesIn(world, back.id)).length);
  assert.ok((await world.store.count(command)) > asked.length);
});
