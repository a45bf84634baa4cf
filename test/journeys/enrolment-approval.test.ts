import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { AgentProgram } from "../world/agent-program.ts";
import { endOf, createJob, presenceOf } from "../world/jobs.ts";
import { eventually, startWorld, type World } from "../world/world.ts";

/** An agent of this machine that asks to be let in; gives it once it is known to wait. */
async function asking(world: World, name: string, approval: "manual" | "known-machines") {
  const { client, folder } = world;
  const agent = new AgentProgram({ dataFolder: join(folder, name) });
  const { token } = await client.call("cpl/dm/token/create", { approval });
  agent.enrol(token, name);
  const waiting = await eventually(async () => {
    const { items } = await client.call("cpl/dm/device/waiting", {});
    return items[0];
  }, `${name} to wait`).catch(async (error: unknown) => {
    await agent.kill();
    throw error;
  });
  return { agent, waiting };
}

test("an agent that has to be approved waits, begins by itself when it is, and is replaced by a newcomer of its machine", async () => {
  await using world = await startWorld();
  const { client } = world;
  const first = await asking(world, "gw1", "manual");
  await using former = first.agent;
  assert.deepEqual([first.waiting.state, first.waiting.identity?.waitsFor], ["pending", "enrolment"]);
  assert.equal(former.isRunning, true);

  await client.call("cpl/dm/device/approve", { device: first.waiting.id });
  await presenceOf(world, "gw1", ["online"]);
  assert.equal((await endOf(world, await createJob(world, "gw1", "ping"))).state, "succeeded");

  const second = await asking(world, "gw1-again", "known-machines");
  await using newcomer = second.agent;
  assert.equal(second.waiting.identity?.replaces, first.waiting.id);
  await client.call("cpl/dm/device/approve", { device: second.waiting.id, replace: true });

  assert.equal(await former.ended(), 0, former.output);
  assert.match(former.output, /the control plane has retired this device: its keys are wiped/);
  await presenceOf(world, "gw1", ["online"]);
  const now = await client.call("cpl/dm/device/find", { device: "gw1" });
  assert.equal(now.id, second.waiting.id);
  assert.equal((await endOf(world, await createJob(world, "gw1", "ping"))).state, "succeeded");
  assert.equal(newcomer.isRunning, true);
});
