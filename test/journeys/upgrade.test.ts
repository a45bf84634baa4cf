import assert from "node:assert/strict";
import { readlink } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { createJob, endOf } from "../world/jobs.ts";
import { aRelease, launched, type Release } from "../world/releases.ts";
import { startWorld } from "../world/world.ts";

const TIMES = { queueTimeout: 300, runTimeout: 600 };

test("an agent is upgraded from afar, and a release that is good for nothing is taken back", async (t) => {
  await using world = await startWorld();
  const agent = await world.enrolAgent("gw1", ["--allow", "agent.upgrade", "--allow", "exec"]);
  await agent.stop();
  const releases = join(world.folder, "releases");
  agent.run(launched(releases));
  const upgrade = async ({ archive: path, signed: release }: Release, given: object = {}) =>
    endOf(world, await createJob(world, "gw1", "agent.upgrade", { release, path, ...given }, TIMES));

  await t.test("a newer release takes its place, and carries out commands", async () => {
    const { state, detail, result } = await upgrade(await aRelease(world, "0.2.0"));

    assert.equal(state, "succeeded", `${detail}\n${agent.output}`);
    assert.deepEqual(result, { before: "0.1.0", after: "0.2.0", slot: "a" });
    assert.equal(await readlink(join(releases, "current")), "a");
    const job = await createJob(world, "gw1", "exec", { argv: ["true"] });
    assert.equal((await endOf(world, job)).state, "succeeded");
  });

  await t.test("a release that dies at once is taken back, and the reason is told", async () => {
    const damage = { path: "dist/main.js", spoil: () => "process.exit(1);" };

    const { state, reason, detail } = await upgrade(await aRelease(world, "0.3.0", { damage }));

    assert.deepEqual([state, reason], ["failed", "rolled-back"], agent.output);
    assert.match(detail, /^0\.3\.0 was taken back: it ended 3 times by itself/);
    assert.equal(await readlink(join(releases, "current")), "a");
  });

  await t.test("it is the launcher that stops with it", async () => {
    assert.equal(await agent.stop(), 0, agent.output);
  });
});
