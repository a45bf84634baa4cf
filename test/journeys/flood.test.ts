import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { createJob, endOf, stateOf } from "../world/jobs.ts";
import { peakMemory } from "../faults/peaks.ts";
import { eventually, startWorld } from "../world/world.ts";

const MIB = 1024 ** 2;
const KEPT = 4 * MIB;

test("100 MiB of output disturb nobody: other commands overtake it, it is cut with a note, and no memory fills", async (t) => {
  await using world = await startWorld();
  const agent = await world.enrolAgent("gw1", ["--allow", "exec", "--allow", "script"]);
  await endOf(world, await createJob(world, "gw1", "ping"));
  const before = await peakMemory(agent.pid);
  const over = join(world.folder, "flood-is-over");
  // It goes on until somebody has seen the others end.
  const flood = await createJob(
    world,
    "gw1",
    "exec",
    {
      argv: ["sh", "-c", "head -c 104857600 /dev/zero | tr '\\0' x; touch \"$1\"; exec sleep 600", "sh", over],
      maxOutputBytes: KEPT,
    },
    { runTimeout: 900 },
  );
  await eventually(
    async () =>
      (await world.client.call("cpl/dm/job/find", { job: flood })).commands.some((each) => each.outputBytes > 0),
    "the flood to begin",
  );

  const ends = [];
  for (let ping = 0; ping < 10; ping += 1) ends.push((await endOf(world, await createJob(world, "gw1", "ping"))).state);
  const script = await endOf(world, await createJob(world, "gw1", "script", { content: "echo overtakes" }));
  const stateOfFlood = await stateOf(world, flood);
  await eventually(
    async () =>
      (await world.client.call("cpl/dm/job/find", { job: flood })).commands.some((each) => each.outputBytes === KEPT),
    "all that is kept of the flood to arrive",
  );
  await eventually(async () => existsSync(over), "the flood to be over");
  await world.client.call("cpl/dm/job/cancel", { job: flood });
  const ended = await endOf(world, flood);

  assert.deepEqual([...new Set(ends), script.state, stateOfFlood], ["succeeded", "succeeded", "running"]);
  assert.equal(ended.state, "cancelled");
  assert.equal(ended.outputBytes, KEPT);
  const { dropped } = await world.client.call("cpl/dm/job/output", { job: flood, from: KEPT });
  assert.ok(dropped >= 96 * MIB, `${dropped} bytes were dropped`);
  const grown = (await peakMemory(agent.pid)) - before;
  t.diagnostic(`the agent's memory grew by ${Math.round(grown)} MiB`);
  assert.ok(grown < 96, `the agent took ${grown} MiB more, and what is kept is ${KEPT / MIB}`);
});
