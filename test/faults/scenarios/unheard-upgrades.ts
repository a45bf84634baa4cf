import assert from "node:assert/strict";
import { readlink, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createJob } from "../../world/jobs.ts";
import { aRelease, launched, signedBy } from "../../world/releases.ts";
import { eventually } from "../../world/world.ts";
import type { Context, Scenario } from "../scenario.ts";
import { preloaded } from "../tools/launches.ts";
import { Trial } from "../trial.ts";

/** Seconds in which the release must show that a report of it arrives. */
const CONFIRM_WITHIN = 15;

/** A release that has a session and whose reports nobody acknowledges goes again; one of which only the end is not acknowledged stays. */
async function unheard(context: Context): Promise<void> {
  const quiet = join(context.folder, "quiet");
  const launch = preloaded("quiet", { EDGEMERE_FAULT_QUIET: quiet });
  const flags = ["--allow", "agent.upgrade"];
  const trial = await Trial.start(context, { world: { controlPlane: { launch } }, flags });
  const { agent, world } = trial;
  const releases = join(agent.dataFolder, "releases");
  assert.equal(await agent.stop(), 0);
  await trial.startAgent(launched(releases));
  for (let round = 0; round < context.rounds; round++) {
    const [taken, kept] = [`0.${round + 2}.0`, `0.${round + 2}.1`];

    await writeFile(quiet, "results");
    const first = await upgrade(trial, taken);
    await trial.told(() => agent.said(new RegExp(`a release was taken back.*"version":"${taken}"`)));
    const since = Date.now();
    await rm(quiet);
    const back = await trial.endOf(first);
    assert.deepEqual([back.state, back.reason], ["failed", "rolled-back"], back.detail);
    assert.match(back.detail, new RegExp(`no session with a round trip within ${CONFIRM_WITHIN} s`));
    await trial.giveWork();
    await trial.recovered(since);

    await writeFile(quiet, "ends");
    const second = await upgrade(trial, kept);
    await trial.told(() => agent.said(new RegExp(`a release stays.*"version":"${kept}"`)));
    // Started anew, it tells its end again, and still nobody acknowledges it.
    assert.equal(await agent.stop(), 0);
    await trial.startAgent(launched(releases));
    await trial.told(() => agent.said(new RegExp(`"version":"${kept.replaceAll(".", "\\.")}"`)));
    assert.equal((await trial.endOf(second)).state, "succeeded");
    assert.notEqual(await readlink(join(releases, "current")), "", "it is the release that runs");
    await rm(quiet);
    await trial.giveWork();
    await trial.recovered();
    const reported = await eventually(
      async () => (await world.client.call("cpl/dm/device/find", { device: "gw1" })).agent.version === kept && kept,
      "the device to tell of the release that stays",
    );
    context.recorder.note(
      `${taken}, of which no report was acknowledged, went; ${reported}, whose end was not, stayed`,
    );
  }
  await trial.settle();
}

async function upgrade({ world }: Trial, version: string): Promise<string> {
  const { archive: path } = await aRelease(world, version);
  const release = await signedBy(world, path, version, { flags: ["--may-go-back", "yes"] });
  const given = { release, path, startWithin: 10, confirmWithin: CONFIRM_WITHIN };
  return createJob(world, "gw1", "agent.upgrade", given, { runTimeout: 3_600 });
}

export const unheardUpgrades: readonly Scenario[] = [
  {
    id: "F66b",
    title: "an upgrade of whose reports none is acknowledged, then one whose end is not",
    layer: 3,
    rounds: { short: 1, full: 10 },
    run: unheard,
  },
];
