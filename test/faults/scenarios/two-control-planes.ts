import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { randomUUID } from "node:crypto";
import { createClient, type Client } from "@edgemere/control-plane/client";
import { ControlPlaneProgram } from "../../world/control-plane-program.ts";
import { Program } from "../../world/program.ts";
import { eventually } from "../../world/world.ts";
import { backedUp, restoredFrom, restoring } from "../backups.ts";
import type { Context, Scenario } from "../scenario.ts";
import { ChaosProxy } from "../tools/chaos-proxy.ts";
import { lasting } from "../tools/pause.ts";
import { Trial } from "../trial.ts";
import { restarted } from "./kills.ts";

const SECOND = 1_000;
/** Longer than a command may be silent before it is asked after. */
const PAUSE = { short: 8 * SECOND, full: 200 * SECOND };

/** One that stands still has not let go: nobody takes its place, and it goes on where it was. */
async function pausedOnOneFolder(context: Context): Promise<void> {
  const trial = await Trial.start(context);
  const { controlPlane, client } = trial.world;
  const file = await backedUp(client);
  for (let round = 0; round < context.rounds; round++) {
    const running = await trial.giveCounted({ runTimeout: 3_600 }, "sleep 2");
    await eventually(async () => (await trial.ends()).at(-1)?.state === "running", "the command to run");
    await trial.give("ping", { queueTimeout: 3_600 });
    const waiting = await trial.giveCounted({ queueTimeout: 3_600, runTimeout: 3_600 });
    controlPlane.signal("SIGSTOP");
    await refused(second(controlPlane.dataFolder), /in use by another control plane/);
    await refused(restoring(file, controlPlane.dataFolder), /a control plane runs on .*: stop it first/);
    await lasting(context.isFull ? PAUSE.full : PAUSE.short);
    const since = Date.now();
    controlPlane.signal("SIGCONT");
    await trial.recovered(since);
    for (const job of [running, waiting]) assert.equal((await trial.endOf(job)).state, "succeeded");
    await restarted(trial);
  }
  await trial.settle();
}

async function refused(program: Program, why: RegExp): Promise<void> {
  await using ended = program;
  assert.notEqual(await ended.ended(), 0);
  assert.match(ended.output, why);
}

const anyPorts = ["portal", "mqtt", "device", "subscribers"].flatMap((each) => [`--${each}-port`, "0"]);
const second = (dataFolder: string) =>
  new Program({
    script: "control-plane/bin/edgemere-control-plane.js",
    args: ["--data", dataFolder, ...anyPorts],
  });

/** Where the agent believes the control plane to be; who answers there is decided here. */
const ELSEWHERE = "127.0.0.2";

/** Who is restored from a copy is the next generation: once it has spoken, nobody obeys the one it came from. */
async function restoredBeside(context: Context): Promise<void> {
  const controlPlane = { address: ELSEWHERE };
  const ways: ChaosProxy[] = [];
  const lead = async (port: number, to: number) => {
    const way = await ChaosProxy.listen({ host: ELSEWHERE, port }, { host: "127.0.0.1", port: to }, context.random);
    ways.push(context.own(way));
  };
  const trial = await Trial.start(context, {
    world: { controlPlane },
    prepare: async (world) => {
      const { mqtt, deviceApi } = world.controlPlane.ready.ports;
      for (const port of [mqtt, deviceApi]) await lead(port, port);
      return world;
    },
  });
  const { world, agent } = trial;
  const { mqtt } = world.controlPlane.ready.ports;
  const leadTo = async (to: number) => {
    if (agent.isRunning) assert.equal(await agent.stop(), 0);
    for (const way of ways.splice(0)) await way[Symbol.asyncDispose]();
    await lead(mqtt, to);
    await trial.startAgent();
  };
  await trial.giveWork();
  await trial.recovered();

  // What the old one asked for before the copy was made, and what is done and told after that, the copy does not know to be done.
  assert.equal(await agent.stop(), 0);
  const shared = await trial.giveCounted({ queueTimeout: 3_600, runTimeout: 30 });
  const file = await backedUp(world.client);
  await trial.startAgent();
  assert.equal((await trial.endOf(shared)).state, "succeeded");
  await trial.recovered();
  world.controlPlane.signal("SIGSTOP");
  const dataFolder = join(context.folder, "restored");
  await restoredFrom(file, dataFolder);
  const heir = context.own(new ControlPlaneProgram(dataFolder, controlPlane));
  const { portal, mqtt: heirs } = (await heir.start()).ports;
  const baseUrl = `http://127.0.0.1:${portal}`;
  const client = createClient({ baseUrl, token: world.token, newKey: randomUUID });
  await leadTo(heirs);
  await succeeds(client, shared);

  for (let round = 0; round < context.rounds; round++) {
    world.controlPlane.signal("SIGCONT");
    const outdated = await trial.giveCounted({ queueTimeout: 3_600 });
    const before = await effectsOf(trial);
    await leadTo(mqtt);
    await trial.told(() => agent.said(/an outdated copy of the control plane answers/));
    const { state } = (await trial.ends()).find(({ job }) => job === outdated) ?? {};
    assert.ok(state === "queued" || state === "offered", `the old one's command is ${state ?? "gone"}`);
    assert.equal(await effectsOf(trial), before, "nothing the old one asks for is done");
    world.controlPlane.signal("SIGSTOP");

    const since = Date.now();
    await leadTo(heirs);
    const { job } = await client.call("cpl/dm/job/create", { device: "gw1", kind: "ping" });
    await succeeds(client, job.id);
    context.recorder.round();
    context.recorder.recovered(Date.now() - since);
  }
  const { streams, losses } = await client.call("cpl/dm/device/accounting", { device: "gw1" });
  assert.deepEqual(
    streams.filter(({ missing }) => missing > 0),
    [],
    "what only the old one has is explained",
  );
  context.recorder.note(
    `explained to the restored one: ${losses.map(({ reason, records }) => `${records} ${reason}`).join(", ") || "nothing"}`,
  );
  assert.equal(await heir.stop(), 0, heir.output);
  world.controlPlane.signal("SIGCONT");
  // Without that it would wait for word of them for an hour.
  await world.client.call("cpl/dm/device/retire", { device: "gw1" });
  await trial.allEnded();
  // Each of the two holds a part of the records.
  await trial.settle({ withRecords: false });
}

const succeeds = (client: Client, job: string) =>
  eventually(
    async () => (await client.call("cpl/dm/job/find", { job })).commands.every(({ state }) => state === "succeeded"),
    "the restored one's command to succeed",
  );

const effectsOf = ({ world }: Trial) => readFile(join(world.folder, "effects"), "utf8");

export const twoControlPlanes: readonly Scenario[] = [
  {
    id: "F43",
    title: "control plane that stands still past a command's lease, and a second one on its folder",
    layer: 3,
    rounds: { short: 1, full: 3 },
    run: pausedOnOneFolder,
  },
  {
    id: "F43b",
    title: "control plane restored from a copy while the one it came from still runs",
    layer: 3,
    rounds: { short: 1, full: 10 },
    run: restoredBeside,
  },
];
