import assert from "node:assert/strict";
import { test } from "node:test";
import { DAY, HOUR, MINUTE, SECOND } from "@edgemere/protocol/kit";
import { moved, updated } from "../platform/change.ts";
import { dataRequest } from "./data-orchestrator/contract.ts";
import { device } from "./devices/contract.ts";
import { command, createJob, job } from "./jobs/contract.ts";
import * as contract from "./policies/contract.ts";
import { alertsBegun } from "./policies/index.ts";
import { busy, startWorld, stateOf, type World } from "./policies.test-support.ts";

const hot = { name: "hot", condition: 'value("cpu.busy_percent") > 90' };
const restart = { do: "command", kind: "service.restart", arguments: { name: "worker" } } as const;
const logs = { do: "command", kind: "log.collect" } as const;
const collect = { do: "data", query: "device_id={device} and kind=log", lifetime: 600 } as const;

type Given = Parameters<typeof save>[1];
const save = (
  world: World,
  over: Partial<{ effects: object[]; for: number; selector: string; coversChildren: boolean }>,
  name = "hot",
) => world.call(contract.createPolicy, { ...hot, name, ...over } as typeof hot);
const saved = async (world: World, over: Given = {}, name = "hot") => {
  await save(world, over, name);
  await world.advance(2 * SECOND);
};
const jobsOf = async (world: World) =>
  (await world.store.list(job)).items.map(({ author, kind, devices }) => [author, kind, ...devices]);
const reasonOf = async (world: World, id: string) =>
  (await world.call(contract.findAlert, { alert: `${id}/hot` })).reason;

test("what a policy says is done once for each time that its alert begins", async () => {
  await using world = await startWorld();
  await saved(world, { effects: [restart, collect] });

  await busy(world, "d1", 95);
  await world.advance(5 * SECOND);
  await busy(world, "d1", 96);
  await world.advance(5 * SECOND);

  const { done = [], isActing } = await world.call(contract.findAlert, { alert: "d1/hot" });
  assert.deepEqual(await jobsOf(world), [["policy:hot", "service.restart", "d1"]]);
  const requests = (await world.store.list(dataRequest)).items;
  assert.deepEqual(
    requests.map(({ query, author }) => [query, author]),
    [["device_id=d1 and kind=log", "policy:hot"]],
  );
  assert.deepEqual(
    done.map(({ what, made, problem }) => [what, made, problem]),
    [
      ["service.restart", (await world.store.list(job)).items[0]?.id, undefined],
      ["data", requests[0]?.id, undefined],
    ],
  );
  assert.equal(isActing, undefined);

  await busy(world, "d1", 1);
  await busy(world, "d1", 99);
  await world.advance(5 * SECOND);
  assert.equal((await jobsOf(world)).length, 2);
});

test("what cannot be done is written down with its reason", async () => {
  await using world = await startWorld();
  await saved(world, { effects: [restart] });
  const row = await world.store.get(device, "d1");
  assert.ok(row);
  await world.store.commit(updated(device, row, { speaks: "sparkplug" }));

  await busy(world, "d1", 95);
  await world.advance(5 * SECOND);

  const { done = [] } = await world.call(contract.findAlert, { alert: "d1/hot" });
  assert.match(done[0]?.problem ?? "", /is a Sparkplug edge node and takes no commands/);
});

test("a policy may do no more than who writes, changes or enables it", async () => {
  await using world = await startWorld();
  const writer = { permissions: ["policy:write", "policy:read", "job:create"] };
  const writing = (effects: object[]) => world.call(contract.createPolicy, { ...hot, effects } as typeof hot, writer);

  await assert.rejects(
    writing([restart]),
    /user:alice may not let a policy do this: it needs the permission command:service.restart/,
  );
  await assert.rejects(writing([collect]), /needs the permission data:request/);
  const asking = { permissions: [...writer.permissions, "data:request"] };
  const bringing = { ...collect, where: "site=berlin", use: "move" };
  await assert.rejects(
    world.call(contract.createPolicy, { ...hot, effects: [bringing] } as typeof hot, asking),
    /needs the permission data:place/,
  );
  await saved(world, { effects: [restart] });
  const changing = { policy: "hot", condition: "true" };
  await assert.rejects(
    world.call(contract.updatePolicy, changing, writer),
    /needs the permission command:service.restart/,
  );
  await world.call(contract.disablePolicy, { policy: "hot" }, writer);
  await assert.rejects(world.call(contract.enablePolicy, { policy: "hot" }, writer), /command:service.restart/);
});

test("an effect with a mistake is not saved, and the mistake is told", async () => {
  await using world = await startWorld();
  const saving = (effect: object) => save(world, { effects: [effect] });

  await assert.rejects(
    saving({ ...restart, arguments: { nme: "worker" } }),
    /"nme" is no parameter of the command service.restart|"name" is required/,
  );
  await assert.rejects(saving({ ...collect, query: "kind=" }), /line 1, column 6/);
  await assert.rejects(saving({ do: "command", kind: "terminal.open" }));
  await assert.rejects(saving({ ...logs, arguments: { journal: true, since: "yesterday" } }), /must be an instant/);
});

test("logs of the last minutes are asked for as of when the policy fires", async () => {
  await using world = await startWorld();
  await saved(world, { effects: [{ ...logs, arguments: { journal: true, since: "-10m" } }] });
  await world.advance(HOUR);
  const firesAt = world.clock.now();

  await busy(world, "d1", 95);
  await world.advance(5 * SECOND);

  const since = Number((await world.store.list(job)).items[0]?.arguments["since"]);
  assert.ok(since >= firesAt - 10 * MINUTE && since <= world.clock.now() - 10 * MINUTE, String(since));
});

test("while somebody works on a device its alerts are no surprise, and for a while after", async () => {
  await using world = await startWorld();
  await saved(world);
  const { commands } = await world.call(createJob, { device: "d1", kind: "reboot" });
  const become = async (signal: "offer" | "run" | "succeed") => {
    const row = await world.store.get(command, commands[0]?.id ?? "");
    assert.ok(row);
    if (row.state !== "offered" || signal !== "offer") await world.store.commit(moved(command, row, signal));
  };

  await become("offer");
  await become("run");
  await busy(world, "d1", 95);
  await busy(world, "d2", 95);
  assert.deepEqual([await stateOf(world, "hot", "d1"), await stateOf(world, "hot", "d2")], ["maintenance", "firing"]);
  assert.match(await reasonOf(world, "d1"), /^reboot of job \w+ is under way$/);
  await world.advance(40 * SECOND);
  await become("succeed");
  await busy(world, "d1", 96);
  await world.advance(4 * MINUTE);
  assert.equal(await stateOf(world, "hot", "d1"), "maintenance");
  await busy(world, "d1", 97);
  await world.advance(2 * MINUTE);
  assert.equal(await stateOf(world, "hot", "d1"), "firing");
});

test("a silence keeps alerts of some devices from firing until it ends, or is ended", async () => {
  await using world = await startWorld();
  await saved(world);
  await busy(world, "d1", 95);
  const { id } = await world.call(contract.createSilence, {
    selector: "site=berlin",
    until: world.clock.now() + HOUR,
    reason: "the disks are changed",
  });
  await world.advance(2 * SECOND);
  await busy(world, "d2", 95);

  assert.deepEqual([await stateOf(world, "hot", "d1"), await stateOf(world, "hot", "d2")], ["maintenance", "firing"]);
  assert.equal(await reasonOf(world, "d1"), "user:alice said so: the disks are changed");
  await busy(world, "d1", 96);
  await world.call(contract.endSilence, { silence: id });
  await world.advance(2 * SECOND);
  assert.equal(await stateOf(world, "hot", "d1"), "firing");
});

test("a silence that is over holds nothing back", async () => {
  await using world = await startWorld();
  await saved(world);
  const until = world.clock.now() + 2 * MINUTE;
  await world.call(contract.createSilence, { policy: "hot", until, reason: "calibration" });
  await world.advance(2 * SECOND);
  await busy(world, "d1", 95);
  assert.equal(await stateOf(world, "hot", "d1"), "maintenance");

  await world.advance(3 * MINUTE);

  assert.equal(await stateOf(world, "hot", "d1"), "firing");
  assert.deepEqual(
    (await world.call(contract.listSilences, { state: ["active", "ended"] })).items.map(({ state }) => state),
    ["ended"],
  );
  const past = { until: world.clock.now(), reason: "too late" };
  await assert.rejects(world.call(contract.createSilence, past), /must be after "from"/);
});

test("what stands behind a device that is out is no surprise while that fires", async () => {
  await using world = await startWorld();
  const row = await world.store.get(device, "d2");
  assert.ok(row);
  await world.store.commit(updated(device, row, { labels: { parent: "d1" } }));
  await saved(world, { selector: "site=berlin", coversChildren: true }, "uplink");
  await saved(world, { selector: "parent" });

  await busy(world, "d1", 95);
  await busy(world, "d2", 95);
  assert.deepEqual(
    [await stateOf(world, "uplink", "d1"), await stateOf(world, "hot", "d2")],
    ["firing", "maintenance"],
  );
  assert.equal(await reasonOf(world, "d2"), "uplink fires on d1, behind which it stands");
  await busy(world, "d1", 1);
  await world.advance(30 * SECOND);
  assert.equal(await stateOf(world, "hot", "d2"), "firing");
});

test("whoever compares devices hears of alerts that began since an instant, also of such as are no surprise now", async () => {
  await using world = await startWorld();
  await saved(world, { for: 60 });
  await busy(world, "d1", 95);
  const begunSince = (since: number) => alertsBegun({ id: "d1" }, since, world);
  const [before, after] = [world.clock.now() - HOUR, world.clock.now() + HOUR];
  assert.deepEqual(await begunSince(before), [], "it holds, and does not count yet");

  await world.call(contract.createSilence, { policy: "hot", until: world.clock.now() + DAY, reason: "moving house" });
  await world.advance(2 * MINUTE);

  assert.equal(await stateOf(world, "hot", "d1"), "maintenance");
  assert.deepEqual([await begunSince(before), await begunSince(after)], [["hot"], []]);
});
