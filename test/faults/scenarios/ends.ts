import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { isRunning } from "../../world/jobs.ts";
import { Program } from "../../world/program.ts";
import { eventually } from "../../world/world.ts";
import type { Context, Scenario } from "../scenario.ts";
import { controlGroup } from "../tools/groups.ts";
import { grouped, preloaded } from "../tools/launches.ts";
import { Trial } from "../trial.ts";
import { moment, restarted } from "./kills.ts";

const SECOND = 1_000;

async function outOfMemory(context: Context): Promise<void> {
  const group = context.own(await controlGroup("memory", { "memory.limit_in_bytes": "160M" }));
  const trial = await Trial.start(context, { agent: { launch: grouped(group.folder) } });
  const died: (number | null)[] = [];
  for (let round = 0; round < context.rounds; round++) {
    await trial.giveCounted({ runTimeout: 60 }, "head -c 200000000 /dev/zero | tr '\\\\0' x");
    await eventually(
      async () => !trial.agent.isRunning || (await trial.allEnded(), true),
      "an end of the agent or the command",
    );
    const since = Date.now();
    if (!trial.agent.isRunning) {
      died.push(await trial.agent.ended());
      trial.agent.run();
    }
    await trial.recovered(since);
  }
  context.recorder.note(`the agent died ${died.length} times of 160 MiB`);
  const usage = Number(await readFile(join(group.folder, "memory.max_usage_in_bytes"), "utf8"));
  context.recorder.memory("agent and command", usage / 1024 ** 2);
  await trial.settle();
}

/** Each is a session that ends and one that begins. */
const ROUNDS_BEFORE_FLAPPING = 2;

async function stoppedUnderLoad(context: Context): Promise<void> {
  const trial = await Trial.start(context);
  for (let round = 0; round < context.rounds; round++) {
    await trial.giveWork();
    // Stopped before it has begun, it runs after the next start.
    await trial.giveCounted({ runTimeout: 10 }, "while true; do echo busy; sleep 0.01; done");
    await moment(context);
    const before = await trial.newest();
    await trial.observe();
    const from = Date.now();
    assert.equal(await trial.agent.stop(), 0);
    context.recorder.bar("milliseconds to stop", Date.now() - from, 10 * SECOND);
    // After some rounds in a row it comes and goes too often to be called anything else.
    const isFlapping = round >= ROUNDS_BEFORE_FLAPPING;
    await trial.seen(isFlapping ? "flapping" : "offline");
    const told = isFlapping ? [] : ["offline"];
    assert.deepEqual(await trial.presences(before), told, "it says goodbye, and no will is heard");
    const since = Date.now();
    trial.agent.run();
    await trial.recovered(since);
  }
  await trial.settle();
}

async function uncaught(context: Context): Promise<void> {
  const trial = await Trial.start(context);
  const { agent, world } = trial;
  for (let round = 0; round < context.rounds; round++)
    for (const failure of ["exception", "rejection"]) {
      const launch = preloaded("fail-on-signal", { EDGEMERE_FAULT_FAILURE: failure });
      assert.equal(await agent.stop(), 0);
      agent.run(launch);
      await agent.said(/connected/);
      await trial.giveWork();
      agent.signal("SIGUSR2");
      assert.equal(await agent.ended(), 1);
      assert.match(agent.output, new RegExp(`planted ${failure}`), "it says why it ended");
      const agentSince = Date.now();
      agent.run();
      await trial.recovered(agentSince);

      await world.controlPlane.stop();
      await world.controlPlane.start({ launch });
      await trial.giveWork();
      world.controlPlane.signal("SIGUSR2");
      assert.equal(await world.controlPlane.ended(), 1);
      assert.match(world.controlPlane.output, new RegExp(`planted ${failure}`), "it says why it ended");
      const since = Date.now();
      await world.controlPlane.start();
      await trial.recovered(since);
      await restarted(trial);
    }
  await trial.settle();
}

const CHILD = "'echo $$ >> PIDS; exec sleep 300'";
/** Ways for a child to leave its parent, from the tamest on. Each writes down its number. */
const leavers = {
  nohup: `nohup sh -c ${CHILD} >/dev/null 2>&1 &`,
  "double fork": `( ( sh -c ${CHILD} & ) & );`,
  setsid: `setsid sh -c ${CHILD} >/dev/null 2>&1 &`,
} as const;

const endings = ["it has ended", "its time is over", "it is cancelled", "its agent is killed"] as const;
type Way = readonly [leaver: keyof typeof leavers, ending: (typeof endings)[number]];
const ways = (Object.keys(leavers) as (keyof typeof leavers)[]).flatMap((leaver) =>
  endings.map((ending): Way => [leaver, ending]),
);
/** A process group is not enough to find who leaves it, or whose agent is gone. Of a command that ended by itself a daemon may stay. */
const isWild = ([leaver, ending]: Way) =>
  (leaver === "setsid" && ending !== "it has ended") || ending === "its agent is killed";
const isTame = ([leaver, ending]: Way) => leaver !== "setsid" && ending !== "its agent is killed";

const childrenLeft = (chosen: readonly Way[]) => async (context: Context) => {
  const trial = await Trial.start(context);
  const survivors: string[] = [];
  const killAll = async () => void (await pidsOf(trial)).filter(isRunning).map((pid) => process.kill(pid, "SIGKILL"));
  context.own({ [Symbol.asyncDispose]: killAll });
  for (const [leaver, ending] of chosen) {
    const before = await pidsOf(trial);
    const script = leavers[leaver].replace("PIDS", join(trial.world.folder, "pids"));
    const then = `${script} ${ending === "it has ended" ? "sleep 0.5" : "sleep 120"}`;
    const job = await trial.giveCounted({ runTimeout: ending === "its time is over" ? 2 : 100 }, then);
    const born = await eventually(async () => (await pidsOf(trial)).find((pid) => !before.includes(pid)), "a child");
    if (ending === "it is cancelled") await trial.world.client.call("cpl/dm/job/cancel", { job });
    if (ending === "its agent is killed") {
      await trial.agent.kill();
      trial.agent.run();
    }
    await trial.recovered();
    const isGone = await eventually(async () => !isRunning(born), "the child's end", 3 * SECOND).catch(() => false);
    if (!isGone) survivors.push(`${leaver} when ${ending}`);
  }
  await trial.settle();
  assert.deepEqual(survivors, [], "no child outlives its command");
};

async function pidsOf({ world }: Trial): Promise<readonly number[]> {
  const text = await readFile(join(world.folder, "pids"), "utf8").catch(() => "");
  return text.trim().split("\n").filter(Boolean).map(Number);
}

async function twoAgents(context: Context): Promise<void> {
  const trial = await Trial.start(context);
  await trial.giveWork();
  await using second = new Program({
    script: "agent/bin/edgemere-agent.js",
    args: ["run", "--data", trial.agent.dataFolder],
  });
  assert.equal(await second.ended(), 5);
  assert.match(second.output, new RegExp(`another agent \\(process ${trial.agent.pid}\\) already runs`));
  await trial.recovered();
  await trial.settle();
}

export const ends: readonly Scenario[] = [
  {
    id: "F08",
    title: "command that floods an agent with 160 MiB of memory",
    layer: 4,
    needs: ["root", "cgroup"],
    rounds: { short: 1, full: 20 },
    run: outOfMemory,
  },
  {
    id: "F11",
    title: "agent asked to stop under load",
    layer: 3,
    rounds: { short: 2, full: 50 },
    run: stoppedUnderLoad,
  },
  {
    id: "F12",
    title: "exception or rejection that nobody catches, in either",
    layer: 3,
    rounds: { short: 1, full: 10 },
    run: uncaught,
  },
  {
    id: "F13",
    title: "children left behind by a command: nohup, double fork",
    layer: 3,
    rounds: { short: 1, full: 1 },
    run: childrenLeft(ways.filter(isTame)),
  },
  {
    id: "F13b",
    title: "children that leave their session, or whose agent is killed",
    layer: 3,
    rounds: { short: 1, full: 1 },
    run: childrenLeft(ways.filter(isWild)),
  },
  { id: "F14", title: "second agent on one folder", layer: 3, rounds: { short: 1, full: 1 }, run: twoAgents },
];
