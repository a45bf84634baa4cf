import assert from "node:assert/strict";
import { test } from "node:test";
import { HOUR, MINUTE, SECOND, silentLog } from "@edgemere/protocol/kit";
import { seededRandom } from "@edgemere/protocol/simulated";
import { forgetOldEvents } from "../platform/event-retention.ts";
import * as contract from "./policies/contract.ts";
import { BEGIN, became, busy, happened, startWorld, type World } from "./policies.test-support.ts";

const explain = (world: World, policy: string, id: string) =>
  world.call(contract.explainPolicy, { policy, device: id });

test("over what is stored a dry run says what watching has said", async () => {
  const conditions = {
    last: { condition: 'value("cpu.busy_percent") > 60', for: 25, keepFiringFor: 15 },
    mean: { condition: 'mean("cpu.busy_percent", "1m") > 50' },
    both: { condition: 'max("cpu.busy_percent", "30s") > 80 && presence == "online"', for: 15, keepFiringFor: 35 },
  };
  await using world = await startWorld();
  for (const [name, each] of Object.entries(conditions)) await world.call(contract.createPolicy, { name, ...each });
  await world.advance(3 * SECOND);
  const from = world.clock.now();
  const random = seededRandom(7);
  let value = 50;
  for (let sample = 0; sample < 90; sample++) {
    value = Math.max(0, Math.min(100, value + 60 * (random.next() - 0.5)));
    await busy(world, "d1", value);
    await world.advance(10 * SECOND);
  }
  const events = await world.store.events(0, 10_000);

  for (const [name, each] of Object.entries(conditions)) {
    const told = events
      .filter(({ type, data }) => data["policy"] === name && (type === "alert.firing" || type === "alert.resolved"))
      .filter(({ type, data }) => type === "alert.resolved" || data["firedAt"] === data["updatedAt"])
      .map(({ type, at }) => [type, at]);
    const { fired, isWhole, devices } = await world.call(contract.dryRunPolicy, { ...each, from });
    const [first, ...others] = fired;
    const said = (first?.episodes ?? []).flatMap(({ from: begin, to }) => [
      ["alert.firing", begin],
      ...(to === undefined ? [] : [["alert.resolved", to]]),
    ]);

    assert.deepEqual([isWhole, devices, others], [true, 2, []]);
    assert.ok(told.length >= 2, `${name} is told of`);
    assert.deepEqual(said, told, name);
  }
});

test("a dry run finds who was silent, and says where it did not look at all", async () => {
  await using world = await startWorld();
  for (let sample = 0; sample < 6; sample++) {
    await busy(world, "d1", 10);
    await world.advance(10 * SECOND);
  }
  await world.advance(10 * MINUTE);
  const asked = { condition: 'value("cpu.busy_percent") > 90', noData: 120, freshFor: 60, from: BEGIN };

  const { fired } = await world.call(contract.dryRunPolicy, { ...asked, selector: "site=berlin" });
  const { devices, isWhole } = await world.call(contract.dryRunPolicy, { ...asked, devices: 1 });

  assert.deepEqual(fired, [
    { device: "d1", name: "d1", episodes: [{ state: "nodata", from: BEGIN + 2 * SECOND + 50 * SECOND + 2 * MINUTE }] },
  ]);
  assert.deepEqual([devices, isWhole], [1, false]);
});

test("over the events that are stored a dry run says what watching has said, and of whom", async () => {
  await using world = await startWorld();
  const restless = { condition: 'happened("device.online", "2m") >= 2', keepFiringFor: 30 };
  await world.call(contract.createPolicy, { name: "restless", ...restless });
  await world.advance(3 * SECOND);
  const from = world.clock.now();
  for (let time = 0; time < 3; time++) {
    await happened(world, "d1", "online");
    await world.advance(40 * SECOND);
  }
  await happened(world, "d2", "online");
  await world.advance(10 * MINUTE);
  const events = await world.store.events(0, 10_000);
  const instantOf = (type: string) => events.find((each) => each.type === type)?.at ?? NaN;

  const { fired, isWhole } = await world.call(contract.dryRunPolicy, { ...restless, from });

  assert.deepEqual([fired.map(({ device }) => device), isWhole], [["d1"], true]);
  const [episode, ...others] = fired[0]?.episodes ?? [];
  assert.deepEqual([episode?.state, others], ["firing", []]);
  // Who watches hears of an event within a second.
  assert.ok(Math.abs((episode?.from ?? NaN) - instantOf("alert.firing")) <= 2 * SECOND);
  assert.ok(Math.abs((episode?.to ?? NaN) - instantOf("alert.resolved")) <= 12 * SECOND);
});

test("where older events are kept no more, a dry run says from when it looked", async () => {
  await using world = await startWorld();
  const asked = { condition: 'happened("device.online", "2m") >= 1', from: BEGIN };
  await happened(world, "d1", "online");
  await world.advance(HOUR);
  await happened(world, "d1", "online");
  const kept = world.clock.now();
  await world.advance(MINUTE);
  const keeping = { store: world.store, bus: { passed: Infinity }, clock: world.clock, log: silentLog, resources: [] };
  await forgetOldEvents({ ...keeping, keepFor: 10 * MINUTE }).step();

  await assert.rejects(
    world.call(contract.dryRunPolicy, asked),
    /happened\(\) cannot be looked back at in that range: the events that are kept tell of whole spans from \d{4}-/,
  );
  await world.advance(5 * MINUTE);
  await happened(world, "d1", "online");
  const { from, isWhole, fired } = await world.call(contract.dryRunPolicy, asked);

  assert.ok(from > kept && from <= kept + 2 * MINUTE);
  assert.deepEqual([isWhole, fired.map(({ device }) => device)], [false, ["d1"]]);
});

test("what cannot be looked back at is refused", async () => {
  await using world = await startWorld();

  await assert.rejects(world.call(contract.dryRunPolicy, { condition: "(" }), /line 1, column/);
  await assert.rejects(world.call(contract.dryRunPolicy, { condition: "true", from: 2, to: 1 }), /must not be after/);
});

test("why a policy fires on a device, or does not, is told with what it saw", async () => {
  await using world = await startWorld();
  const hot = { name: "hot", condition: 'value("cpu.busy_percent") > 90', selector: "site=berlin", for: 60 };
  await world.call(contract.createPolicy, hot);
  await world.advance(2 * SECOND);

  assert.equal(
    (await explain(world, "hot", "d2")).answer,
    'the policy "hot" does not watch "d2": its selector is site=berlin',
  );
  assert.match((await explain(world, "hot", "d1")).answer, /^nobody can tell .* is not known; there is no alert$/);
  await busy(world, "d1", 10);
  assert.match(
    (await explain(world, "hot", "d1")).answer,
    /^the condition of "hot" does not hold: .* is 10; there is no alert$/,
  );
  await busy(world, "d1", 95);
  const { answer, verdict, state, dueAt, looked } = await explain(world, "hot", "d1");
  assert.match(answer, /^the condition of "hot" holds: .* is 95; the alert is pending$/);
  assert.deepEqual([verdict, state, dueAt], ["met", "pending", world.clock.now() + MINUTE]);
  assert.deepEqual(looked, [{ what: 'value("cpu.busy_percent")', value: 95 }]);
  await became(world, "d1", { labels: {} });
  assert.equal((await explain(world, "hot", "d1")).isWatched, false);
  await world.call(contract.disablePolicy, { policy: "hot" });
  assert.equal((await explain(world, "hot", "d1")).answer, 'the policy "hot" is disabled');
});
