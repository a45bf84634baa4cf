import assert from "node:assert/strict";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Launch } from "../../world/program.ts";
import { eventually } from "../../world/world.ts";
import type { Context, Scenario } from "../scenario.ts";
import { olderBuild } from "../tools/older-build.ts";
import { Trial } from "../trial.ts";

/** What is built here. */
const newer: Launch = {};

/** First the agent is an older build, then the control plane: what both know works, and nobody guesses what the other meant. */
async function mixed(context: Context): Promise<void> {
  const older: Launch = { root: await olderBuild(context.folder) };
  for (let round = 0; round < context.rounds; round++) {
    await withOlderAgent(context, older);
    await withOlderControlPlane(context, older);
  }
  context.recorder.note(
    "an older agent rejects what it does not know, an older control plane takes no file away for changes that it cannot read, and each is told of all when it is newer",
  );
}

/** It enrols, is told of a kind that it does not know, and becomes a newer one over its own files. */
async function withOlderAgent(context: Context, older: Launch): Promise<void> {
  const trial = await Trial.start(context, { agent: { launch: older } });
  await works(trial);
  const unknown = await trial.endOf(await trial.give("policy.pack"));
  assert.deepEqual([unknown.state, unknown.reason, unknown.result], ["rejected", "unsupported", undefined]);

  assert.equal(await trial.agent.stop(), 0);
  await trial.startAgent(newer);
  await works(trial);
  await knowsAll(trial);
  await trial.settle();
}

/** It takes a newer agent in and is told of a directory in words that it half knows; then it becomes a newer one over its own store. */
async function withOlderControlPlane(context: Context, older: Launch): Promise<void> {
  const folder = join(context.folder, `data-${Date.now()}`);
  await mkdir(folder);
  await writeFile(join(folder, "first.csv"), "1\n");
  const trial = await Trial.start(context, {
    world: { controlPlane: { launch: older } },
    flags: ["--source", `data=${folder}`],
  });
  const { controlPlane, client } = trial.world;
  const names = async () =>
    (await client.call("diml/dml/fmdm/query", { expression: "kind:csv" })).items.map(({ name }) => name).toSorted();
  const areKnown = (...wanted: readonly string[]) =>
    trial.told(async () => {
      const are = async () => (await names()).join() === wanted.join();
      await eventually(are, `the catalogue to know ${wanted.join()} and nothing else`);
    });
  await works(trial);
  await areKnown("first.csv");
  await rm(join(folder, "first.csv"));
  await writeFile(join(folder, "second.csv"), "2\n");
  await areKnown("first.csv", "second.csv");
  await assert.rejects(trial.give("policy.pack"), /policy\.pack/);

  assert.equal(await controlPlane.stop(), 0);
  await controlPlane.start({ launch: newer });
  await works(trial);
  await knowsAll(trial);
  // The next change does not follow what it has: all of the directory is asked for.
  await writeFile(join(folder, "third.csv"), "3\n");
  await areKnown("second.csv", "third.csv");
  await trial.settle();
}

/** What both know is carried out, and telemetry comes. */
async function works(trial: Trial): Promise<void> {
  const since = Date.now();
  await trial.giveWork();
  const refreshed = await trial.give("inventory.refresh");
  await trial.recovered(since);
  for (const { kind, state, detail } of (await trial.ends()).slice(-3))
    assert.equal(state, "succeeded", `${kind}: ${detail}`);
  assert.notEqual((await trial.endOf(refreshed)).result, undefined);
}

/** Both are of this build. */
async function knowsAll(trial: Trial): Promise<void> {
  const { state, detail, result } = await trial.endOf(await trial.give("policy.pack"));
  assert.equal(state, "succeeded", detail);
  assert.notEqual(result, undefined);
}

export const mixedVersions: readonly Scenario[] = [
  {
    id: "F70",
    title: "an agent, then a control plane, of a build from some hundred commits ago, and their upgrade to this one",
    layer: 3,
    needs: ["history"],
    rounds: { short: 1, full: 10 },
    run: mixed,
  },
];
