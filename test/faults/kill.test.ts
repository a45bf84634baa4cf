import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { seededRandom } from "@edgemere/protocol/simulated";
import type { AgentProgram } from "../world/agent-program.ts";
import { eventually, startWorld, type World } from "../world/world.ts";
import { eventNumbers, storedTelemetry } from "./stored.ts";

const ROUNDS = 20;
/** After several losses in a row an agent waits for minutes, as it should; one that is started anew comes at once. */
const RESTART_EVERY = 2;
/** Somewhere in the middle of the work: the moment is drawn, nothing depends on it. */
const LONGEST_WORK = 600;

interface Given {
  readonly id: string;
  readonly marker: string | undefined;
}

const victims = ["the agent", "the control plane", "both"] as const;

// At the same time, each in a world of its own: most of it is waiting.
test("kill -9 in the middle of work loses and doubles nothing", { concurrency: victims.length }, (t) =>
  Promise.all(
    victims.map((victim) =>
      t.test(`kill -9 of ${victim}, ${ROUNDS} times, leaves no command open`, (inner) => killed(victim, inner)),
    ),
  ).then(() => undefined),
);

async function killed(victim: (typeof victims)[number], t: TestContext): Promise<void> {
  await using world = await startWorld();
  const agent = await world.enrolAgent("gw1", ["--allow", "exec"]);
  const { id: device } = await world.client.call("cpl/dm/device/find", { device: "gw1" });
  const effects = join(world.folder, "effects");
  const random = seededRandom(victim.length);
  const given: Given[] = [];

  for (let round = 0; round < ROUNDS; round++) {
    given.push(...(await giveWork(world, { effects, round })));
    await new Promise((resolve) => setTimeout(resolve, random.next() * LONGEST_WORK));
    if (victim !== "the control plane") await agent.kill();
    if (victim !== "the agent") await world.controlPlane.kill();
    if (victim !== "the agent") await world.controlPlane.start();
    if (victim !== "the control plane") agent.run();
    else if (round % RESTART_EVERY === RESTART_EVERY - 1) await restart(agent);
  }

  const ends = await endsOf(world, given).catch((error: unknown) => {
    t.diagnostic(agent.output.split("\n").slice(-60).join("\n"));
    t.diagnostic(world.controlPlane.output);
    throw error;
  });
  const lastAt = await latestAt(world);
  await eventually(async () => (await latestAt(world)) > lastAt, "telemetry after the last round");
  assert.equal(await agent.stop(), 0);
  await eventually(
    // Its presence says that it flaps, after so many deaths.
    async () => (await world.client.call("cpl/dm/session/list")).items.length === 0,
    "the agent's goodbye",
  );
  assert.equal(await world.controlPlane.stop(), 0);

  assert.deepEqual(
    ends.filter(({ state, reason }) => state !== "succeeded" && reason === ""),
    [],
    "every end that is no success has a reason",
  );
  await assertEffects(effects, given, ends);
  const stored = await storedTelemetry(world.controlPlane.dataFolder, device);
  assert.deepEqual(explained(stored), upTo(stored.watermark), "received + explained = acknowledged, each once");
  const numbers = await eventNumbers(world.controlPlane.dataFolder);
  assert.deepEqual(numbers, upTo(numbers.length), "events are numbered without holes");
  t.diagnostic(
    `${given.length} commands: ${told(ends.map(({ state }) => state))}; ${stored.records.length} telemetry records, ${stored.gaps.length} gaps`,
  );
}

async function restart(agent: AgentProgram): Promise<void> {
  assert.equal(await agent.stop(), 0);
  agent.run();
}

/** One command with an effect that can be counted, one without. */
async function giveWork(
  { client }: World,
  { effects, round }: { effects: string; round: number },
): Promise<readonly Given[]> {
  const marker = `round-${round}`;
  const argv = ["sh", "-c", `echo ${marker} >> ${effects}; sleep 0.2; echo done`];
  const counted = await client.call("cpl/dm/job/create", {
    device: "gw1",
    kind: "exec",
    arguments: { argv },
    runTimeout: 30,
  });
  const plain = await client.call("cpl/dm/job/create", { device: "gw1", kind: "ping" });
  return [
    { id: counted.job.id, marker },
    { id: plain.job.id, marker: undefined },
  ];
}

/** How each command ended, once all have. */
async function endsOf({ client }: World, given: readonly Given[]) {
  await eventually(async () => {
    const { items } = await client.call("cpl/dm/job/list", { limit: 500 });
    const open = items.filter(({ state }) => state === "running");
    assert.deepEqual(open, [], "jobs are still open");
    return true;
  }, "the end of every job");
  const commands = [];
  for (const { id } of given) commands.push(...(await client.call("cpl/dm/job/find", { job: id })).commands);
  return commands;
}

const latestAt = async ({ client }: World) =>
  Math.max(...(await client.call("cpl/ta/latest", { device: "gw1" })).values.map(({ at }) => at));

/** A program that must run once never runs twice; where it is said to have succeeded, it ran. */
async function assertEffects(
  effects: string,
  given: readonly Given[],
  ends: readonly { readonly state: string }[],
): Promise<void> {
  const ran = (await readFile(effects, "utf8")).trim().split("\n");
  for (const [i, { marker }] of given.entries()) {
    if (marker === undefined) continue;
    const times = ran.filter((each) => each === marker).length;
    assert.ok(times <= 1, `${marker} ran ${times} times`);
    if (ends[i]?.state === "succeeded") assert.equal(times, 1, `${marker} is said to have succeeded`);
  }
}

const upTo = (last: number) => Array.from({ length: last }, (_, i) => i + 1);

const explained = ({ records, gaps }: Awaited<ReturnType<typeof storedTelemetry>>) =>
  [...records, ...gaps.flatMap(({ from, upTo: last }) => upTo(last).slice(from - 1))].toSorted((a, b) => a - b);

const told = (states: readonly string[]) =>
  [...new Set(states)].map((state) => `${states.filter((each) => each === state).length} ${state}`).join(", ");
