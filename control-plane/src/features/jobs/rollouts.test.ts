import assert from "node:assert/strict";
import { test } from "node:test";
import { HOUR, MINUTE } from "@edgemere/protocol/kit";
import { ManualClock } from "@edgemere/protocol/simulated";
import { memoryDatabase } from "../../platform/database.ts";
import { aDevice } from "../device.test-support.ts";
import {
  approveRollout,
  cancelRollout,
  command,
  findRollout,
  job,
  listTargets,
  pauseRollout,
  refuseRollout,
  resumeRollout,
} from "./contract.ts";
import {
  alice,
  answer,
  bob,
  exec,
  change,
  devicesIn,
  idOf,
  lookAt,
  roll,
  startFleet,
  steps,
  targetsIn,
} from "./rollouts.test-support.ts";

test("a rollout asks every device that was picked, and ends when all have answered", async () => {
  await using world = await startFleet(5);

  const { id } = await roll(world);
  assert.deepEqual(await devicesIn(world, id, "active"), [0, 1, 2, 3, 4].map(idOf));
  await answer(world, id);

  const { state, waves } = await lookAt(world, id);
  assert.deepEqual([state, waves[0]?.succeeded], ["succeeded", 5]);
});

test("partial success is not success", async () => {
  await using world = await startFleet(10);

  const { id } = await roll(world);
  await answer(world, id, (each) => (each === idOf(3) ? "failed" : "succeeded"));

  assert.equal((await lookAt(world, id)).state, "partial");
  const [failed] = await targetsIn(world, id, "failed");
  assert.deepEqual([failed?.reason, failed?.tries], ["device", { device: 1 }]);
});

test("a wave begins when enough of the one before have succeeded and the soak is over", async () => {
  await using world = await startFleet(20);

  const { id } = await roll(world, { waves: [{ count: 2, soak: 600 }, { percent: 50 }] });
  assert.equal((await devicesIn(world, id, "active")).length, 2);
  await answer(world, id);
  assert.equal((await devicesIn(world, id, "active")).length, 0);
  await world.advance(10 * MINUTE);
  await steps(world);
  assert.equal((await devicesIn(world, id, "active")).length, 10);
  await answer(world, id);
  assert.equal((await devicesIn(world, id, "active")).length, 8);
  await answer(world, id);

  assert.equal((await lookAt(world, id)).state, "succeeded");
});

test("a wave that can no longer succeed pauses the rollout, and a person may go on in spite of it", async () => {
  await using world = await startFleet(10);

  const { id } = await roll(world, { waves: [{ count: 4, success: 75 }] });
  await answer(world, id, () => "failed");

  const { state, pausedBy } = await lookAt(world, id);
  assert.deepEqual([state, pausedBy], ["paused", "paused-by-threshold"]);
  await world.call(resumeRollout, { rollout: id });
  await steps(world);
  assert.equal((await devicesIn(world, id, "active")).length, 6);
});

test("a rule for failures stops it once enough have ended: nobody new begins, what runs goes on", async () => {
  await using world = await startFleet(30);

  const { id } = await roll(world, { atOnce: 10, abort: [{ cause: "device", percent: 20, least: 5 }] });
  const running = await devicesIn(world, id, "active");
  await answer(world, id, (each) => (running.indexOf(each) < 5 ? "failed" : "nothing"));

  const { state, stop } = await lookAt(world, id);
  assert.deepEqual([state, stop?.reason], ["stopped", "abort-rule"]);
  assert.deepEqual(await devicesIn(world, id, "active"), running.slice(5));
  assert.equal((await devicesIn(world, id, "cancelled")).length, 20);
  await answer(world, id);
  assert.equal((await lookAt(world, id)).state, "partial");
});

test("devices begin as fast as the rate lets them, which grows with success", async () => {
  await using world = await startFleet(20);

  const { id } = await roll(world, { rate: { perMinute: 2, factor: 2, every: 4 } });
  await world.advance(MINUTE);
  await steps(world, 1);
  const first = (await devicesIn(world, id, "active")).length;
  await answer(world, id);
  await world.advance(MINUTE);
  await answer(world, id);
  await world.advance(MINUTE);
  await steps(world, 1);

  assert.ok(first >= 2 && first <= 4, `${first} in the first minute`);
  assert.ok((await devicesIn(world, id, "active", "succeeded")).length >= 7);
});

test("of one place no more than the budget are under way, failed or dark at the same time", async () => {
  const each = (place: number) => ({ labels: { fleet: "f", site: place < 6 ? "berlin" : "paris" } });
  await using world = await startFleet(12, { each });
  await change(world, idOf(0), { presence: "offline" });

  const { id } = await roll(world, { budget: { label: "site", most: 2 } });
  const begun = await devicesIn(world, id, "active");
  assert.deepEqual([begun.filter((own) => own < idOf(6)).length, begun.filter((own) => own >= idOf(6)).length], [1, 2]);

  await answer(world, id, (own) => (own < idOf(6) ? "failed" : "succeeded"));
  await world.advance(6 * MINUTE);
  await steps(world);

  const inBerlin = (await devicesIn(world, id, "active")).filter((own) => own < idOf(6));
  assert.deepEqual(inBerlin, [], "one has failed and one is dark");
});

test("what may be tried again by its cause is, after a pause that doubles; what may not has failed", async () => {
  await using world = await startFleet(1);
  const { id } = await roll(world, { retries: { device: { times: 2, pause: 60 } } });

  await answer(world, id, () => "failed");
  const [once] = await targetsIn(world, id);
  assert.deepEqual([once?.state, once?.reason], ["waiting", "retry-pause"]);
  await world.advance(MINUTE);
  await answer(world, id, () => "failed");
  await world.advance(MINUTE);
  assert.equal((await targetsIn(world, id))[0]?.state, "waiting");
  await world.advance(MINUTE);
  await answer(world, id, () => "failed");

  const [last] = await targetsIn(world, id);
  assert.deepEqual([last?.state, last?.tries, (await lookAt(world, id)).state], ["failed", { device: 3 }, "failed"]);
});

test("a device that fails again and again is left alone by every rollout for a while", async () => {
  await using world = await startFleet(1);
  for (let time = 0; time < 3; time++) {
    const { id } = await roll(world);
    await answer(world, id, () => "failed");
  }

  const { id } = await roll(world);
  assert.equal((await targetsIn(world, id))[0]?.reason, "penalty-box");
  await world.advance(6 * HOUR);
  await steps(world);

  assert.deepEqual(await devicesIn(world, id, "active"), [idOf(0)]);
});

test("a device that cannot begin in the time of its queue is left out, with the reason", async () => {
  await using world = await startFleet(2);
  await change(world, idOf(1), { presence: "offline" });

  const { id } = await roll(world, { queueTimeout: 600 });
  await answer(world, id);
  await world.advance(10 * MINUTE);
  await steps(world);

  const [left] = await targetsIn(world, id, "skipped");
  assert.deepEqual(
    [left?.device, left?.reason, (await lookAt(world, id)).state],
    [idOf(1), "device-offline", "partial"],
  );
});

test("a device that comes back is asked at once", async () => {
  await using world = await startFleet(1);
  await change(world, idOf(0), { presence: "offline" });
  const { id } = await roll(world);
  await world.advance(HOUR);
  assert.deepEqual(await devicesIn(world, id, "active"), []);

  await change(world, idOf(0), { presence: "online" });
  await world.hello(idOf(0));
  await steps(world);

  assert.deepEqual(await devicesIn(world, id, "active"), [idOf(0)]);
});

test("the whole has a time after which it is stopped", async () => {
  await using world = await startFleet(2);
  await change(world, idOf(1), { presence: "offline" });
  const { id } = await roll(world, { totalTimeout: 3_600 });
  await answer(world, id);

  await world.advance(HOUR);
  await steps(world);

  const { state, stop } = await lookAt(world, id);
  assert.deepEqual([state, stop?.reason], ["partial", "total-timeout"]);
});

test("a paused rollout begins with nobody until it is resumed", async () => {
  await using world = await startFleet(4);
  const { id } = await roll(world, { waves: [{ count: 1 }] });
  await world.call(pauseRollout, { rollout: id });

  await answer(world, id);
  assert.deepEqual(await devicesIn(world, id, "active"), []);
  await world.call(resumeRollout, { rollout: id });
  await steps(world);

  assert.equal((await devicesIn(world, id, "active")).length, 3);
});

test("a cancelled rollout stops what runs, and ends when that has ended", async () => {
  await using world = await startFleet(3);
  const { id } = await roll(world, { atOnce: 1 });

  await world.call(cancelRollout, { rollout: id });
  await steps(world);

  assert.equal((await devicesIn(world, id, "cancelled")).length, 3);
  assert.equal((await lookAt(world, id)).state, "cancelled");
  const { items } = await world.store.list(command);
  assert.deepEqual(
    items.map(({ state }) => state),
    ["cancelled"],
  );
});

test("a dangerous rollout waits for a second person, whose name is in every command", async () => {
  await using world = await startFleet(2, { approvers: { hasOther: async () => true } });

  const { id, state } = await roll(world, exec, alice);
  assert.deepEqual([state, await devicesIn(world, id, "active")], ["approving", []]);
  await assert.rejects(world.call(approveRollout, { rollout: id }, alice), {
    type: "forbidden",
    message: /second person/,
  });
  await world.call(approveRollout, { rollout: id }, bob);
  await steps(world);

  const { items } = await world.store.list(command);
  assert.deepEqual(
    items.map(({ approvals }) => approvals),
    [["user:bob"], ["user:bob"]],
  );
});

test("a refused rollout asks nobody", async () => {
  await using world = await startFleet(2, { approvers: { hasOther: async () => true } });
  const { id } = await roll(world, exec, alice);

  await world.call(refuseRollout, { rollout: id, reason: "not today" }, bob);
  await steps(world);

  const { state, stop } = await lookAt(world, id);
  assert.deepEqual([state, stop?.detail, (await world.store.list(job)).items], ["cancelled", "not today", []]);
});

test("dangerous commands of a rollout count for its author, who may ask for so many a minute", async () => {
  await using world = await startFleet(7, { dangerousCaps: { perMinute: 3, perHour: 100 } });

  const { id } = await roll(world, exec, alice);
  assert.equal((await devicesIn(world, id, "active")).length, 3);
  await world.advance(MINUTE);
  await steps(world);

  assert.equal((await devicesIn(world, id, "active")).length, 6);
  assert.ok(!(await world.eventTypes()).includes("commandcap.exceeded"), "nobody asked too often");
});

test("whoever matches later joins a continuous rollout, in its last wave", async () => {
  await using world = await startFleet(1);
  const { id } = await roll(world, { mode: "continuous" });
  await answer(world, id);
  await world.store.commit(aDevice("late", { labels: { fleet: "f" } }), aDevice("other"));

  await world.advance(MINUTE);
  await steps(world);
  await answer(world, id);

  assert.deepEqual(await devicesIn(world, id, "succeeded"), [idOf(0), "late"]);
  assert.equal((await lookAt(world, id)).state, "running");
});

test("who may ask some devices only rolls out to those, and no rollout grows beyond them", async () => {
  const each = (place: number) => ({ labels: { fleet: "f", site: place < 2 ? "berlin" : "paris" } });
  await using world = await startFleet(4, { each });
  const grants = ["job:create", "job:read", "command:ping"];
  const limited = grants.map((permission) => ({ permission, selectors: ["site=berlin"] }));
  const eve = { actor: "user:eve", account: "eve", permissions: [], limited };

  const { id } = await roll(world, { mode: "continuous" }, eve);
  await change(world, idOf(0), { labels: { fleet: "f", site: "paris" } });
  await world.store.commit(aDevice("late", { labels: { fleet: "f", site: "paris" } }));
  await world.advance(2 * MINUTE);

  assert.deepEqual(await devicesIn(world, id), [idOf(0), idOf(1)]);
  const stranger = { ...eve, actor: "user:max", account: "max" };
  await assert.rejects(world.call(findRollout, { rollout: id }, stranger), { type: "not-found" });
  const { items } = await world.call(listTargets, { rollout: id }, stranger);
  assert.deepEqual(
    items.map(({ target }) => target.device),
    [idOf(1)],
  );
});

test("what may have been done is not done again where twice is not once", async () => {
  await using world = await startFleet(1);
  const { id } = await roll(world, { ...exec, runTimeout: 60 }, alice);
  await world.hello(idOf(0));
  world.link.dropped(idOf(0));

  await world.advance(3 * HOUR);
  await steps(world);

  const [target] = await targetsIn(world, id);
  assert.deepEqual([target?.state, target?.tries], ["failed", { network: 1 }]);
  assert.equal((await world.store.list(command)).items.length, 1);
});

test("what a rollout tells of its waves is what its targets are, at every moment", async () => {
  await using world = await startFleet(40);
  const { id } = await roll(world, { waves: [{ percent: 10 }, { percent: 30 }], atOnce: 7 });
  const words = ["succeeded", "failed", "rejected", "nothing"] as const;

  for (let round = 0; round < 12; round++) {
    await answer(world, id, (own) => words[(Number(own.slice(1)) + round) % 9] ?? "succeeded");
    const { waves } = await lookAt(world, id);
    for (const [wave, told] of waves.entries()) {
      const own = (await targetsIn(world, id)).filter((each) => each.wave === wave);
      const counted = (state: string) => own.filter((each) => each.state === state).length;
      assert.deepEqual(
        [told.targets, told.active, told.succeeded, told.failed, told.skipped, told.cancelled],
        [own.length, ...["active", "succeeded", "failed", "skipped", "cancelled"].map(counted)],
      );
    }
  }
});

test("a rollout goes on where it was when the control plane was started anew, and asks nobody twice", async () => {
  const database = { ...memoryDatabase(), close: async () => {} };
  const clock = new ManualClock();
  const id = await (async () => {
    await using world = await startFleet(30, { database, clock });
    const { id } = await roll(world, { atOnce: 10 });
    assert.equal((await devicesIn(world, id, "active")).length, 10);
    return id;
  })();

  const later = new ManualClock(clock.now() + MINUTE);
  await using world = await startFleet(0, { database, clock: later });
  for (let round = 0; round < 4; round++) await answer(world, id);

  assert.equal((await lookAt(world, id)).state, "succeeded");
  assert.equal(await world.store.count(command), 30);
});
