import assert from "node:assert/strict";
import { test } from "node:test";
import { commandLife } from "@edgemere/protocol";
import { HOUR, MINUTE, SECOND } from "@edgemere/protocol/kit";
import type { Database } from "../platform/database.ts";
import { dying } from "../platform/database.test-support.ts";
import { keptDatabase } from "../platform/sample-resource.test-support.ts";
import { dataRequest } from "./data-orchestrator/contract.ts";
import { file } from "./files/contract.ts";
import { command, job, rollout } from "./jobs/contract.ts";
import { aReport } from "./jobs/jobs.test-support.ts";
import * as contract from "./policies/contract.ts";
import { BEGIN, busy, startWorld, stateOf, type World } from "./policies.test-support.ts";

const LOG = "worker: died\n";
const hot = {
  name: "hot",
  condition: 'value("cpu.busy_percent") > 90',
  effects: [
    { do: "command" as const, kind: "service.restart" as const, arguments: { name: "worker" } },
    { do: "command" as const, kind: "log.collect" as const, arguments: { files: ["/var/log/worker.log"] } },
    { do: "data" as const, query: "device_id={device} and kind=log", lifetime: 600 },
    { do: "configure" as const, set: { profile: "detailed" } },
  ],
};
const site = {
  name: "site",
  condition: 'count(value("cpu.busy_percent") > 90) >= 1',
  per: "site",
  effects: [{ do: "command" as const, kind: "service.restart" as const, arguments: { name: "gateway" } }],
};

/** The device does what it was asked for, and tells of it. */
async function obeys(world: World): Promise<void> {
  for (const row of (await world.store.list(command, { index: "open", prefix: ["d1"] })).items) {
    if (commandLife.isFinal(row.state)) continue;
    const { set = {} } = row.arguments as { set?: Record<string, string[]> };
    const settings = Object.entries(set).map(([name, values]) => ({ name, values }));
    const finishedAtMs = world.clock.now();
    if (row.kind === "log.collect")
      await world.report("d1", "log", {
        commandOutput: { command: row.id, channel: "stdout", offset: 0, content: Buffer.from(LOG) },
      });
    const word = {
      ...(row.kind === "configure" && { configure: { settings, hasChanged: true } }),
      ...(row.kind === "log.collect" && { logCollect: { outputBytes: LOG.length } }),
    };
    await world.report("d1", "result", aReport(row, "succeeded", { finishedAtMs, ...word }));
  }
}

/** So many seconds of a device that is as busy as that. */
async function pass(world: World, seconds: number, value: number): Promise<void> {
  await world.hello("d1");
  for (let second = 0; second < seconds; second++) {
    if (second % 5 === 0) await busy(world, "d1", value);
    await obeys(world);
    await world.advance(SECOND);
  }
}

/** What is left when it dies while alerts begin and what follows from them is done. */
async function left(deathAt: number): Promise<{ readonly kept: Database; readonly isOver: boolean }> {
  const kept = keptDatabase();
  const first = await startWorld({ database: kept });
  await first.hello("d1");
  for (const each of [hot, site]) await first.call(contract.createPolicy, each);
  await first.advance(5 * SECOND);
  await first[Symbol.asyncDispose]();
  const { database, death } = dying(kept, deathAt);
  const living = async () => {
    await using world = await startWorld({ database, at: BEGIN + MINUTE });
    await pass(world, 8, 95);
    return "lived" as const;
  };
  // What a dead process still thinks is nobody's concern.
  return { kept, isOver: (await Promise.race([living().catch(() => "died" as const), death])) === "lived" };
}

test("wherever the control plane dies while alerts fire, each effect of them is there once, and what lasts as long as they do is put back", async () => {
  let deathAt = 0;
  for (let isOver = false; !isOver;) {
    deathAt++;
    const { kept: database, ...end } = await left(deathAt);
    ({ isOver } = end);
    const where = `death at write ${deathAt}`;
    await using world = await startWorld({ database, at: BEGIN + (deathAt % 3 === 0 ? 2 * HOUR : 2 * MINUTE) });
    await pass(world, 8, 95);

    assert.equal(await stateOf(world, "hot", "d1"), "firing", where);
    const jobs = (await world.store.list(job)).items.filter(({ author }) => author === "policy:hot");
    const kinds = jobs.map(({ kind }) => kind).toSorted();
    assert.deepEqual(kinds, ["configure", "log.collect", "service.restart"], where);
    const [request, ...requests] = (await world.store.list(dataRequest)).items;
    assert.deepEqual([request?.author, requests], ["policy:hot", []], where);
    const made = (kind: string) => jobs.find((each) => each.kind === kind)?.id;
    const { done = [] } = await world.call(contract.findAlert, { alert: "d1/hot" });
    assert.deepEqual(
      done.map((each) => each.made ?? each.problem),
      [made("service.restart"), made("log.collect"), request?.id],
      where,
    );
    const files = (await world.store.list(file)).items.map(({ state, bytes }) => [state, bytes]);
    assert.deepEqual(files, [["ready", LOG.length]], where);
    const rollouts = (await world.store.list(rollout)).items.map(({ id }) => id);
    const ofGroup = (await world.store.get(contract.alert, "@site=berlin/site"))?.done ?? [];
    assert.deepEqual([rollouts.length, ofGroup.map((each) => each.made ?? each.problem)], [1, rollouts], where);

    await pass(world, 8, 1);
    const put = (await world.store.list(job)).items.findLast(({ kind }) => kind === "configure")?.arguments;
    assert.deepEqual([put?.["set"], put?.["reset"]], [undefined, ["profile"]], where);
  }
  assert.ok(deathAt > 40, `only ${deathAt} writes were seen`);
});
