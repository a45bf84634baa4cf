import assert from "node:assert/strict";
import { readdir, readlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { commandLine } from "../world/command-line.ts";
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
  const shell = commandLine(world.folder);
  const upgrade = async ({ archive: path, signed: release }: Release, given: object = {}) =>
    endOf(world, await createJob(world, "gw1", "agent.upgrade", { release, path, ...given }, TIMES));
  const published = async (version: string) => {
    const { archive, signed } = await aRelease(world, version);
    const file = `${archive}.signed`;
    await writeFile(file, signed);
    const environment = { EDGEMERE_SERVER: world.baseUrl, EDGEMERE_TOKEN: world.token };
    const { code, stderr } = await shell.run(["release", "upload", archive, file], undefined, environment);
    assert.equal(code, 0, stderr);
    return version;
  };

  await t.test(
    "a newer release that is named by its version is fetched, takes its place, and carries out commands",
    async () => {
      const release = await published("0.2.0");
      const { state, detail, result } = await endOf(
        world,
        await createJob(world, "gw1", "agent.upgrade", { release }, TIMES),
      );

      assert.equal(state, "succeeded", `${detail}\n${agent.output}`);
      assert.deepEqual(result, { before: "0.1.0", after: "0.2.0", slot: "a" });
      assert.equal(await readlink(join(releases, "current")), "a");
      assert.deepEqual(
        (await readdir(releases)).filter((name) => name.includes("tar.gz") || name.endsWith(".part")),
        [],
      );
      const job = await createJob(world, "gw1", "exec", { argv: ["true"] });
      assert.equal((await endOf(world, job)).state, "succeeded");
      const [listed] = (await world.client.call("cpl/dm/release/list")).items;
      assert.deepEqual([listed?.name, listed?.signature, listed?.examples], ["0.2.0", "good", ["gw1"]]);
    },
  );

  const quick = { startWithin: 5, confirmWithin: 8 };
  for (const [what, version, damage, why] of [
    ["dies at once", "0.3.0", { path: "dist/main.js", spoil: () => "process.exit(1);" }, /it ended 3 times by itself/],
    [
      "cannot connect",
      "0.3.1",
      {
        path: "dist/link/verified-tls.js",
        spoil: (text: string) => text.replace("return new Promise(", 'throw new Error("no way"); $&'),
      },
      /it had no session with a round trip within 8 s/,
    ],
    [
      "cannot run a program",
      "0.3.2",
      {
        path: "dist/host/linux/run.js",
        spoil: (text: string) => text.replace("return async (program) => {", '$& throw new Error("no program runs");'),
      },
      /it cannot do its work: no program runs/,
    ],
  ] as const)
    await t.test(`a release that ${what} is taken back, and the reason is told`, async () => {
      const { state, reason, detail } = await upgrade(await aRelease(world, version, { damage }), quick);

      assert.deepEqual([state, reason], ["failed", "rolled-back"], agent.output);
      assert.ok(detail.startsWith(`${version} was taken back: `), detail);
      assert.match(detail, why);
      assert.equal(await readlink(join(releases, "current")), "a");
    });

  await t.test("it is the launcher that stops with it", async () => {
    assert.equal(await agent.stop(), 0, agent.output);
  });
});
