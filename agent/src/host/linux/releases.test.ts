import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { linuxReleases } from "./releases.ts";

const content = Buffer.from("an archive");
const sha256 = createHash("sha256").update(content).digest("hex");

test("an archive comes into the folder of releases, goes on where it was, and goes with its upgrade", async () => {
  const parent = await mkdtemp(join(tmpdir(), "edgemere-releases-"));
  const folder = join(parent, "releases");
  const receive = (command: string) =>
    linuxReleases(folder, "base").receive({ command, bytes: content.length, sha256 });
  const begun = async (command: string) => {
    const incoming = await receive(command);
    assert.notEqual(incoming, "there");
    return incoming === "there" ? assert.fail() : incoming;
  };
  try {
    {
      await using first = await begun("c1");
      await first.write(content.subarray(0, 4));
    }
    {
      await using second = await begun("c1");
      assert.equal(second.received, 4);
      await second.write(content.subarray(4));
      assert.equal(second.digest(), sha256);
      await second.place();
    }
    {
      await using other = await begun("c2");
      await other.write(content.subarray(0, 1));
    }
    const releases = linuxReleases(folder, "a");
    assert.equal(await receive("c1"), "there");
    assert.equal((await stat(releases.archiveFor("c1"))).mode & 0o777, 0o600);

    await releases.sweep(new Set(["c1"]));
    assert.deepEqual(await readdir(folder), ["c1.tar.gz"]);
    await releases.sweep(new Set());
    assert.deepEqual(await readdir(folder), []);
  } finally {
    await rm(parent, { recursive: true });
  }
});
