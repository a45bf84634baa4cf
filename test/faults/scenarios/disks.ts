import assert from "node:assert/strict";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { quantile } from "../../bench/statistics.ts";
import { eventually } from "../../world/world.ts";
import type { Context, Scenario } from "../scenario.ts";
import { smallDisk } from "../tools/disks.ts";
import { inOneRow, limited, traced } from "../tools/launches.ts";
import { lasting } from "../tools/pause.ts";
import { Trial } from "../trial.ts";
import { restarted } from "./kills.ts";

const SECOND = 1_000;
const MIB = 1024 * 1024;

async function agentDiskFull(context: Context): Promise<void> {
  const disk = context.own(await smallDisk(context.folder, { bytes: 24 * MIB }));
  const trial = await Trial.start(context, { agent: { dataFolder: disk.folder } });
  for (let round = 0; round < context.rounds; round++) {
    // Telemetry is given up first: commands and their results still find room.
    await disk.fill(MIB / 2);
    await eventually(async () => trial.agent.output.includes("disk is nearly full"), "the agent to see it");
    await trial.giveWork();
    await trial.allEnded();
    await disk.fill(0);
    await trial.giveWork();
    await lasting(3 * SECOND);
    assert.ok(trial.agent.isRunning, "it lives on");
    const since = Date.now();
    await disk.clear();
    await trial.recovered(since);
  }
  await trial.settle();
  assert.ok((context.recorder.figures().records?.explained ?? 0) > 0, "what was not kept is told as a gap");
}

/** Of a disk of 64 MiB. */
const frugal = ["--storage-low", "12MiB", "--storage-readonly", "8MiB", "--ballast", "4MiB"];

/** It says so itself, and takes nothing new. */
async function isReadOnly(trial: Trial): Promise<void> {
  const { client } = trial.world;
  await trial.told(async () => {
    await eventually(async () => (await client.call("ops/storage/find", {})).state === "readonly", "read-only mode");
  });
  await assert.rejects(client.call("cpl/dm/token/create", {}), /full|room|space/i);
}

async function controlPlaneDiskFull(context: Context): Promise<void> {
  const disk = context.own(await smallDisk(context.folder, { bytes: 64 * MIB }));
  const trial = await Trial.start(context, { world: { controlPlane: { dataFolder: disk.folder, flags: frugal } } });
  for (let round = 0; round < context.rounds; round++) {
    const { pid } = trial.world.controlPlane;
    await trial.giveWork();
    await disk.fill(0);
    await isReadOnly(trial);
    await lasting(5 * SECOND);
    const since = Date.now();
    await disk.clear();
    await trial.recovered(since);
    context.recorder.bar("milliseconds until all is well again", Date.now() - since, 30 * SECOND);
    assert.equal(trial.world.controlPlane.pid, pid, "without a restart");
  }
  await trial.settle();
}

async function startOnFullDisk(context: Context): Promise<void> {
  const disk = context.own(await smallDisk(context.folder, { bytes: 64 * MIB }));
  const trial = await Trial.start(context, { world: { controlPlane: { dataFolder: disk.folder, flags: frugal } } });
  for (let round = 0; round < context.rounds; round++) {
    await trial.giveWork();
    await trial.world.controlPlane.kill();
    await disk.fill(0);
    await trial.world.controlPlane.start();
    await isReadOnly(trial);
    const since = Date.now();
    await disk.clear();
    await trial.recovered(since);
    await restarted(trial);
  }
  await trial.settle();
}

/** The n-th sync of a program fails, once; n goes up from round to round. */
const failingSync = (round: number) => inOneRow(traced(`fdatasync,fsync:error=EIO:when=${3 + 2 * round}`));

async function agentSyncFails(context: Context): Promise<void> {
  const trial = await Trial.start(context);
  const { agent } = trial;
  for (let round = 0; round < context.rounds; round++) {
    assert.equal(await agent.stop(), 0);
    agent.run(failingSync(round));
    await trial.giveWork();
    const since = Date.now();
    if (!(await livesOn(trial, agent))) agent.run();
    await trial.recovered(since);
  }
  await trial.settle();
}

async function controlPlaneSyncFails(context: Context): Promise<void> {
  const trial = await Trial.start(context);
  const { controlPlane } = trial.world;
  for (let round = 0; round < context.rounds; round++) {
    await trial.giveWork();
    await controlPlane.stop();
    const since = Date.now();
    const isUp = await controlPlane.start({ launch: failingSync(round) }).then(
      () => true,
      () => false,
    );
    if (!(isUp && (await livesOn(trial, controlPlane)))) await controlPlane.start();
    await trial.recovered(since);
    // The disk of the next round is well until that begins.
    await controlPlane.kill();
    await controlPlane.start();
    await restarted(trial);
  }
  await trial.settle();
}

/** Whether a program came through what befell it; one that ended by itself is started again by whoever supervises it. */
async function livesOn(trial: Trial, program: { readonly isRunning: boolean }): Promise<boolean> {
  const since = Date.now();
  await eventually(
    async () => !program.isRunning || ((await trial.latestAt()) > since && (await trial.areEnded())),
    "an end, or a way on",
    40 * SECOND,
  );
  return program.isRunning;
}

async function syncIsSlow(context: Context): Promise<void> {
  const launch = traced(`fdatasync,fsync:delay_enter=${(context.isFull ? 2 : 0.5) * SECOND * 1_000}`);
  const trial = await Trial.start(context);
  await trial.world.controlPlane.stop();
  await trial.world.controlPlane.start({ launch });
  await restarted(trial);
  const before = await trial.newest();
  const lags: number[] = [];
  for (let round = 0; round < context.rounds; round++) {
    await trial.giveWork();
    const recovered = trial.recovered();
    const over = new AbortController();
    void recovered.finally(() => over.abort()).catch(() => {});
    while (!over.signal.aborted) {
      const from = performance.now();
      await fetch(`${trial.world.baseUrl}/nothing-here`).then((answer) => answer.text());
      lags.push(performance.now() - from);
      await lasting(20);
    }
    await recovered;
  }
  context.recorder.note(
    `answers of a page that needs no disk: p50 ${Math.round(quantile(lags, 0.5))} ms, p99 ${Math.round(quantile(lags, 0.99))} ms`,
  );
  context.recorder.bar("p99 of an answer that needs no disk, milliseconds", quantile(lags, 0.99), 200);
  assert.ok(!(await trial.presences(before)).includes("offline"), "a slow disk calls nobody offline");
  await trial.settle();
}

async function scarce(context: Context): Promise<void> {
  const disk = context.own(await smallDisk(context.folder, { bytes: 24 * MIB, files: 120 }));
  const trial = await Trial.start(context, { agent: { dataFolder: disk.folder } });
  const { agent } = trial;
  for (let round = 0; round < context.rounds; round++) {
    const crowd = join(disk.folder, "crowd");
    await mkdir(crowd);
    for (let i = 0; i < 200; i++)
      if (
        !(await writeFile(join(crowd, String(i)), "").then(
          () => true,
          () => false,
        ))
      )
        break;
    await trial.giveWork();
    await lasting(2 * SECOND);
    assert.ok(agent.isRunning, "without room for another file it lives on");
    const since = Date.now();
    await rm(crowd, { recursive: true });
    await trial.recovered(since);

    // With hardly a descriptor left a program cannot be started, and it says so.
    assert.equal(await agent.stop(), 0);
    agent.run(limited("--nofile=30"));
    await trial.giveWork();
    await lasting(4 * SECOND);
    const isRunning = agent.isRunning;
    if (isRunning) await agent.stop();
    context.recorder.note(`with 30 descriptors the agent ${isRunning ? "lives on" : "ends"}`);
    const back = Date.now();
    agent.run();
    await trial.recovered(back);

    assert.equal(await agent.stop(), 0);
    await disk.remount("ro");
    agent.run();
    await agent.ended();
    assert.match(agent.output, /EROFS|read-only/i, "a folder that cannot be written is named");
    await disk.remount("rw");
    const writable = Date.now();
    agent.run();
    await trial.recovered(writable);
  }
  await trial.settle();
}

const onTmpfs = { layer: 4, needs: ["root", "tmpfs"] } as const;

export const disks: readonly Scenario[] = [
  { id: "F31", title: "agent's disk filled by others", ...onTmpfs, rounds: { short: 1, full: 5 }, run: agentDiskFull },
  {
    id: "F32",
    title: "control plane's disk full, then free again",
    ...onTmpfs,
    // A store that must be repaired oftener than five times in ten minutes ends its process, as it should.
    rounds: { short: 1, full: 4 },
    run: controlPlaneDiskFull,
  },
  {
    id: "F33",
    title: "control plane started on a full disk",
    ...onTmpfs,
    rounds: { short: 1, full: 5 },
    run: startOnFullDisk,
  },
  {
    id: "F34",
    title: "one sync of the agent fails with an I/O error",
    layer: 4,
    needs: ["strace"],
    rounds: { short: 1, full: 20 },
    run: agentSyncFails,
  },
  {
    id: "F34b",
    title: "one sync of the control plane fails with an I/O error",
    layer: 4,
    needs: ["strace"],
    rounds: { short: 2, full: 20 },
    run: controlPlaneSyncFails,
  },
  {
    id: "F35",
    title: "every sync of the control plane takes 2 s",
    layer: 4,
    needs: ["strace"],
    rounds: { short: 1, full: 5 },
    run: syncIsSlow,
  },
  {
    id: "F37",
    title: "no more files, hardly a descriptor, a read-only folder",
    layer: 4,
    needs: ["root", "tmpfs", "prlimit"],
    rounds: { short: 1, full: 5 },
    run: scarce,
  },
];
