import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom, SimulatedDisk } from "@edgemere/protocol/simulated";
import { openVault } from "./vault.ts";

const at = (disk: SimulatedDisk, seed: number) => openVault({ disk, random: seededRandom(seed) });

test("what a vault sealed it opens after a restart, for the same purpose only, and another vault opens nothing of it", async () => {
  const disk = new SimulatedDisk();
  const box = (await at(disk, 1)).seal("hush", "r1");

  const again = await at(disk, 2);

  assert.equal(again.open(box, "r1"), "hush");
  assert.equal(again.open(box, "r2"), undefined);
  assert.equal((await at(new SimulatedDisk(), 3)).open(box, "r1"), undefined);
  assert.ok(!Buffer.from(box, "base64").includes("hush"));
});

test("the key of a vault lies where no backup looks, and one that is damaged is named", async () => {
  const disk = new SimulatedDisk();
  await at(disk, 1);

  assert.deepEqual(await disk.list("authority"), []);
  await disk.write("vault/key", new Uint8Array(7));

  await assert.rejects(at(disk, 1), /vault\/key has 7 bytes and holds no key: remove it/);
});
