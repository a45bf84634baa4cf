import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { readSimulation } from "./config.ts";

test("without a word ten mixed devices are simulated", () => {
  assert.deepEqual(readSimulation([], {}), {
    devices: 10,
    behaviour: "mixed",
    seed: 1,
    prefix: "simulated",
    sampleEvery: 10_000,
    reportEvery: 10_000,
  });
});

test("flags say what is simulated", () => {
  const config = readSimulation(
    [
      "--devices",
      "200",
      "--behaviour",
      "filling",
      "--seed",
      "7",
      "--sample",
      "1s",
      "--data",
      "/fleet",
      "--prefix",
      "lab",
    ],
    {},
  );

  assert.deepEqual(config, {
    devices: 200,
    behaviour: "filling",
    seed: 7,
    prefix: "lab",
    dataFolder: "/fleet",
    sampleEvery: 1_000,
    reportEvery: 10_000,
  });
});

test("the token comes from the environment or a file, never from an argument", async () => {
  const folder = await mkdtemp(join(tmpdir(), "edgemere-token-"));
  const file = join(folder, "token");
  await writeFile(file, "ed1.from.file\n");

  assert.equal(readSimulation([], { EDGEMERE_TOKEN: "ed1.from.environment" }).token, "ed1.from.environment");
  assert.equal(readSimulation(["--token-file", file], {}).token, "ed1.from.file");
  assert.throws(() => readSimulation(["--token", "ed1.x"], {}), /unknown option --token/);
  await rm(folder, { recursive: true });
});

test("what makes no sense is refused with what would", () => {
  const refused =
    (...argv: readonly string[]) =>
    () =>
      readSimulation(argv, {});

  assert.throws(refused("--devices", "many"), /--devices/);
  assert.throws(refused("--behaviour", "wild"), /none of steady, diurnal, filling, mixed/);
  assert.throws(refused("--sample", "10s", "--report", "1s"), /--report must be at least as long as --sample/);
  assert.throws(refused("--token-file", "/no/such/file"), /--token-file: the token cannot be read/);
  assert.throws(refused("--prefix", "a/b"), /letters, digits/);
});
