import assert from "node:assert/strict";
import { test } from "node:test";
import { SimulatedDisk } from "@edgemere/protocol/simulated";
import { keepTo, tooMany } from "./ring.ts";

const files = ["b", "a", "c"].map((name) => ({ name, bytes: 10, modifiedAt: 0 }));

test("the oldest go when there is no room for all, and the newest stays however large", () => {
  assert.deepEqual(tooMany(files, 30), []);
  assert.deepEqual(tooMany(files, 29), ["a"]);
  assert.deepEqual(tooMany(files, 5), ["b", "a"]);
  assert.deepEqual(tooMany([], 0), []);
});

test("what others put into the directory counts for nothing, and stays", async () => {
  const disk = new SimulatedDisk();
  for (const { name } of files) await disk.write(name, new Uint8Array(10));

  const host = { listFiles: async () => files };
  await keepTo(10, { host, disk, directory: "/srv/ups", isOurs: (name) => name !== "a" });

  assert.deepEqual(await disk.list(""), ["a", "c"]);
});
