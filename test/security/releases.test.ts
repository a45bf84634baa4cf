import assert from "node:assert/strict";
import { readFile, readdir, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { createJob, endOf } from "../world/jobs.ts";
import { aRelease, launched, signedBy } from "../world/releases.ts";
import { startWorld } from "../world/world.ts";

test("T23 T35 a release that is forged, old, swapped or spoilt is refused, and nothing of it is run or left", async () => {
  await using world = await startWorld();
  const agent = await world.enrolAgent("gw1", ["--allow", "agent.upgrade"]);
  await agent.stop();
  const releases = join(world.folder, "releases");
  agent.run(launched(releases));
  const good = await aRelease(world, "0.2.0");
  const upgrade = async (release: string, path = good.archive) => {
    const job = await createJob(world, "gw1", "agent.upgrade", { release, path });
    const { state, reason, detail } = await endOf(world, job);
    assert.deepEqual([state, reason], ["failed", "bad-release"], `${detail}\n${agent.output}`);
    return detail;
  };
  const signed = (version: string, role?: string) =>
    signedBy(world, good.archive, version, role === undefined ? {} : { role });

  for (const role of ["commands", "dangerous"])
    assert.match(await upgrade(await signed("0.2.0", role)), /^unknown-key/);
  assert.match(await upgrade(await signed("0.0.9")), /^0\.0\.9 is older than 0\.1\.0/);
  const forged = Buffer.from(good.signed, "base64");
  forged.write("0.9.0", forged.indexOf("0.2.0"));
  assert.match(await upgrade(forged.toString("base64")), /^bad-signature/);

  const swapped = join(world.folder, "swapped.tar.gz");
  const bytes = await readFile(good.archive);
  bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1);
  await writeFile(swapped, bytes);
  assert.match(await upgrade(good.signed, swapped), /its hash is not the one that was signed/);
  await truncate(swapped, 100_000);
  assert.match(await upgrade(good.signed, swapped), /it has 100000 bytes, and \d+ were signed/);
  await truncate(swapped, bytes.length + 1);
  assert.match(await upgrade(good.signed, swapped), /it has more than the \d+ bytes that were signed/);
  assert.match(await upgrade(good.signed, "/dev/zero"), /it is no regular file/);

  assert.deepEqual(await readdir(releases), []);
  assert.equal((await endOf(world, await createJob(world, "gw1", "ping"))).state, "succeeded");
});
