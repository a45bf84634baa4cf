import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { lockFolder } from "@edgemere/agent";
import { simulateFleet } from "./fleet.ts";

async function folder() {
  const path = await mkdtemp(join(tmpdir(), "edgemere-fleet-test-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

test("a fleet that cannot be enrolled says what is missing and leaves its folder free", async () => {
  await using data = await folder();

  await assert.rejects(simulateFleet({ devices: 2, dataFolder: data.path }), /not enrolled yet.*--token-file/);
  assert.deepEqual(await readdir(data.path), []);
});

test("two fleets do not share a folder", async () => {
  await using data = await folder();
  await using _other = await lockFolder(data.path);

  await assert.rejects(simulateFleet({ devices: 1, dataFolder: data.path }), /already runs on/);
});

test("a token that is none is refused before anything is sent", async () => {
  await using data = await folder();

  await assert.rejects(
    simulateFleet({ devices: 1, dataFolder: data.path, token: "abc" }),
    /this is no enrolment token/,
  );
});
