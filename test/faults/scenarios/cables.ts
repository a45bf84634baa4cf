import assert from "node:assert/strict";
import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { useOf } from "../../bench/process-use.ts";
import { eventually } from "../../world/world.ts";
import { bytesIn } from "../peaks.ts";
import type { Context, Scenario } from "../scenario.ts";
import { twoHosts, type Host, type Hosts } from "../tools/hosts.ts";
import { lasting } from "../tools/pause.ts";
import { Trial } from "../trial.ts";

const SECOND = 1_000;

/** An agent whose tries have failed for minutes waits for two; where half of all packets are lost, nothing is quick. */
const LONG_PATIENCE = 300 * SECOND;

interface Setup {
  readonly trial: Trial;
  readonly hosts: Hosts;
}

/** Agent and control plane on hosts of their own. */
export async function apart(context: Context, flags: readonly string[] = []): Promise<Setup> {
  const hosts = context.own(await twoHosts(context.folder));
  const { centre, edge } = hosts;
  const controlPlane = { address: centre.address, host: centre.address, launch: centre.launch };
  const world = { controlPlane, door: hosts.door };
  const patience = context.isFull ? LONG_PATIENCE : undefined;
  return { hosts, trial: await Trial.start(context, { world, flags, patience, agent: { launch: edge.launch } }) };
}

/** How often the agent has lost the control plane since it was started. */
export const losses = ({ agent }: Trial): number => agent.output.split("not connected").length - 1;

async function loss(context: Context): Promise<void> {
  const { trial, hosts } = await apart(context);
  for (const share of context.isFull ? [1, 10, 30] : [10]) {
    const incoming = ["counter", `numgen random mod 100 < ${share} counter drop`];
    for (const host of [hosts.centre, hosts.edge]) await host.filter({ incoming });
    for (let round = 0; round < context.rounds; round++) {
      await trial.giveWork();
      await trial.recovered();
    }
    context.recorder.note(`${await measuredLoss(hosts.edge)} lost where ${share} % were to be`);
    for (const host of [hosts.centre, hosts.edge]) await host.filter({});
  }
  await trial.recovered();
  await trial.settle();
}

async function measuredLoss(host: Host): Promise<string> {
  const text = await host.run("nft", "list", "table", "inet", "fault");
  const [all = 0, dropped = 0] = [...text.matchAll(/counter packets (\d+)/g)].map(([, count]) => Number(count));
  return `${dropped} of ${all} packets`;
}

const MIB = 1024 ** 2;
/** The least that an agent takes. Ten records a second of all that it can measure fill it in less than a minute. */
const SMALL_SPOOL = ["--spool=256KiB", "--profile=detailed", "--sample=100ms", "--report=100ms"].concat(
  ["programs", "processes", "filesystems", "agent"].map((source) => `--every=${source}=100ms`),
);

async function partition(context: Context): Promise<void> {
  await apartFor(context, { holds: context.isFull ? [1, 30, 600] : [6], mebibytes: 256 });
  await apartFor(context, { holds: [context.isFull ? 600 : 50], mebibytes: 0.25, flags: SMALL_SPOOL });
  const { explained = 0 } = context.recorder.figures().records ?? {};
  assert.ok(explained > 0, "what did not fit is told as gaps");
}

interface Apart {
  /** Seconds. */
  readonly holds: readonly number[];
  /** What the agent may keep. */
  readonly mebibytes: number;
  readonly flags?: readonly string[];
}

async function apartFor(context: Context, { holds, mebibytes, flags = [] }: Apart): Promise<void> {
  const folder = await mkdtemp(join(context.folder, "apart-"));
  const { trial, hosts } = await apart({ ...context, folder }, flags);
  const spool = join(trial.agent.dataFolder, "spool");
  for (const hold of holds) {
    await trial.giveWork();
    await hosts.link("down");
    await trial.giveWork();
    const until = Date.now() + hold * SECOND;
    let most = 0;
    while (Date.now() < until) {
      await lasting(Math.min(SECOND, until - Date.now()));
      most = Math.max(most, await bytesIn(spool));
    }
    assert.ok(most <= mebibytes * MIB, `${most} bytes are kept where ${mebibytes} MiB may be`);
    const kept = await bytesIn(spool);
    const since = Date.now();
    await hosts.link("up");
    await trial.seen("online");
    const from = Date.now();
    await trial.recovered(since);
    const rate = kept / 1024 / ((Date.now() - from) / SECOND);
    context.recorder.note(
      `after ${hold} s: ${Math.round(kept / 1024)} KiB of ${mebibytes} MiB, drained at ${Math.round(rate)} KiB/s`,
    );
  }
  await trial.settle();
}

const KEEPALIVE = 10 * SECOND;

async function oneWay(context: Context): Promise<void> {
  const { trial, hosts } = await apart(context);
  for (const deaf of [hosts.edge, hosts.centre]) {
    await trial.giveWork();
    const before = { event: await trial.newest(), losses: losses(trial) };
    const from = Date.now();
    await deaf.filter({ incoming: ["tcp dport != 0 drop"] });
    await trial.told(() =>
      eventually(async () => losses(trial) > before.losses, "the agent to see that it is alone").then(() => undefined),
    );
    context.recorder.bar("the agent's detection", Date.now() - from, 1.5 * KEEPALIVE + 5 * SECOND);
    await trial.told(() =>
      eventually(async () => (await trial.presences(before.event)).length > 0, "the control plane to see it").then(
        () => undefined,
      ),
    );
    context.recorder.bar("the control plane's detection", Date.now() - from, 1.5 * KEEPALIVE + 10 * SECOND);
    context.recorder.note(
      `${deaf === hosts.edge ? "edge" : "centre"} deaf: both know after ${Math.round((Date.now() - from) / SECOND)} s`,
    );
    const since = Date.now();
    await deaf.filter({});
    await trial.recovered(since);
  }
  await trial.settle();
}

/** A router that forgot the connection: its packets go nowhere, and nobody says so. */
async function blackHole(context: Context): Promise<void> {
  const { trial, hosts } = await apart(context);
  for (let round = 0; round < context.rounds; round++) {
    const before = await trial.newest();
    const port = await portOf(hosts.edge, trial);
    await hosts.edge.filter({ incoming: [`tcp dport ${port} drop`], outgoing: [`tcp sport ${port} drop`] });
    await trial.giveWork();
    const since = Date.now();
    await trial.recovered(since);
    assert.notEqual(await portOf(hosts.edge, trial), port);
    await trial.recovered();
    // After some rounds in a row it comes and goes too often to be called anything else.
    await trial.seen("online", "flapping");
    assert.ok((await trial.presences(before)).filter((each) => each === "offline").length <= 1);
  }
  await trial.settle();
}

async function portOf(host: Host, { world }: Trial): Promise<number> {
  const connections = await host.run(
    "ss",
    "-tnH",
    "state",
    "established",
    `( dport = :${world.controlPlane.ready.ports.mqtt} )`,
  );
  return Number(/:(\d+)\s/.exec(connections)?.[1]);
}

async function resets(context: Context): Promise<void> {
  const { trial, hosts } = await apart(context);
  for (let round = 0; round < context.rounds; round++) {
    await trial.giveWork();
    const before = { losses: losses(trial), cpu: (await useOf(trial.agent.pid)).cpu };
    await hosts.centre.filter({
      incoming: [`tcp dport ${trial.world.controlPlane.ready.ports.mqtt} reject with tcp reset`],
    });
    const hold = (context.isFull ? 30 : 8) * SECOND;
    await lasting(hold);
    const cpu = (((await useOf(trial.agent.pid)).cpu - before.cpu) / hold) * 100;
    const tries = losses(trial) - before.losses;
    context.recorder.note(`${tries} tries in ${hold / SECOND} s, ${cpu.toFixed(1)} % of a CPU`);
    context.recorder.bar("per cent of a CPU", cpu, 5);
    // Twelve tries within two seconds of each other at most, then fewer and fewer.
    assert.ok(tries <= 20, `${tries} tries: it does not hurry`);
    const since = Date.now();
    await hosts.centre.filter({});
    await trial.recovered(since);
  }
  await trial.settle();
}

async function largePacketsGone(context: Context): Promise<void> {
  const { trial, hosts } = await apart(context);
  const before = losses(trial);
  const tooLarge = { incoming: ["meta length > 576 drop"] };
  for (const host of [hosts.centre, hosts.edge]) await host.filter(tooLarge);
  await trial.giveWork();
  await eventually(async () => losses(trial) > before, "the agent to give the connection up", 90 * SECOND);
  const since = Date.now();
  for (const host of [hosts.centre, hosts.edge]) await host.filter({});
  await trial.recovered(since);

  // Where both know how small packets must be, all goes on.
  for (const host of [hosts.centre, hosts.edge]) await host.run("ip", "link", "set", "eth0", "mtu", "576");
  await trial.giveWork();
  await trial.recovered();
  await trial.settle();
}

async function flapping(context: Context): Promise<void> {
  const { trial, hosts } = await apart(context);
  const before = losses(trial);
  await trial.giveWork();
  for (let round = 0; round < context.rounds; round++) {
    await hosts.link("down");
    await lasting(3 * SECOND);
    await hosts.link("up");
    await lasting(3 * SECOND);
    if (round % 5 === 0) await trial.giveWork({ queueTimeout: 3_600 });
  }
  await trial.recovered();
  context.recorder.note(`${context.rounds} times down and up, ${losses(trial) - before} connections lost`);
  await trial.settle();
}

export const cables: readonly Scenario[] = (
  [
    ["F15", "packets lost: 1, 10, 30 % each way", { short: 2, full: 10 }, loss],
    ["F16", "cable pulled for 1 s, 30 s, 10 min; and longer than what may be kept", { short: 1, full: 1 }, partition],
    ["F17", "one side hears nothing", { short: 2, full: 2 }, oneWay],
    ["F18", "connection that a router forgot", { short: 1, full: 5 }, blackHole],
    ["F19", "storm of resets", { short: 1, full: 3 }, resets],
    ["F23", "large packets vanish; then packets of 576 bytes", { short: 1, full: 1 }, largePacketsGone],
    ["F24", "cable that comes and goes every 3 s", { short: 3, full: 100 }, flapping],
  ] as const
).map(([id, title, rounds, run]) => ({ id, title, layer: 4, needs: ["root", "namespaces"], rounds, run }));
