import assert from "node:assert/strict";
import { eventually } from "../../world/world.ts";
import type { Context, Scenario } from "../scenario.ts";
import { ChaosProxy } from "../tools/chaos-proxy.ts";
import { lasting } from "../tools/pause.ts";
import { Trial } from "../trial.ts";
import { brokered } from "./foreign-brokers.ts";
import { moment, restarted } from "./kills.ts";

/** Of each round, and half as many more that must run once: these leave a mark that is counted. */
const OPERATIONS = { short: 16, full: 40 };
const IN_ALL = 10_000;
/** Seconds within which some must start: shorter than some faults last, so that they must not be begun afterwards. */
const SHORT_QUEUE = 2;
const [SHORTEST_CUT, LONGEST_CUT] = [1_000, 4_000];
/** Where agents believe the control plane to be; in between stands what is cut. */
const ELSEWHERE = "127.0.0.3";

/** Milliseconds by which agent and control plane may differ about a deadline, where nothing runs beside them. */
const MOST_LATE = 1_000;

type Fault = () => Promise<void>;

/** Operations without a pause between them, and in each round one fault, whichever chance draws. */
async function operate(context: Context, trial: Trial, faults: Readonly<Record<string, Fault>>): Promise<void> {
  const drawn = new Map<string, number>();
  for (let round = 0; round < context.rounds; round++) {
    await give(trial, context.isFull ? OPERATIONS.full : OPERATIONS.short);
    await moment(context);
    const names = Object.keys(faults);
    const name = names[Math.floor(context.random.next() * names.length)] ?? "";
    drawn.set(name, (drawn.get(name) ?? 0) + 1);
    await trial.observe();
    await faults[name]?.();
    const since = Date.now();
    await restarted(trial);
    await trial.told(() => noneOpen(trial));
    await trial.recovered(since);
  }
  // The agent judges by the control plane's clock as far as it knows it, which is as exact as their exchanges were quick.
  const late = (await trial.ends()).map(({ startedAt = 0, expiresAt }) => startedAt - expiresAt);
  context.recorder.bar("ms that a command began after its deadline", Math.max(0, ...late), MOST_LATE);
  context.recorder.note([...drawn].map(([name, times]) => `${name} ${times} ×`).join(", "));
  await trial.settle();
}

async function give(trial: Trial, count: number): Promise<void> {
  for (let one = 0; one < count; one++) {
    if (one % 2 === 0) await trial.giveCounted({ queueTimeout: one % 4 === 0 ? SHORT_QUEUE : 3_600 }, "true");
    await trial.give(one % 8 === 0 ? "inventory.refresh" : "ping", {
      queueTimeout: one % 3 === 0 ? SHORT_QUEUE : 3_600,
    });
  }
}

/** One question for all of them: there are too many to ask after each. */
const noneOpen = ({ world }: Trial) =>
  eventually(async () => {
    const { items } = await world.client.call("cpl/dm/job/list", { limit: 500 });
    return items.every(({ state }) => state !== "running");
  }, "no job to be open").then(() => undefined);

/** What can befall both, whatever stands between them. */
const ends = ({ agent, world }: Trial): Readonly<Record<string, Fault>> => ({
  "agent killed": async () => {
    await agent.kill();
    agent.run();
    await agent.said(/agent started/);
  },
  "control plane killed": async () => {
    await world.controlPlane.kill();
    await world.controlPlane.start();
  },
  "control plane restarted": async () => {
    assert.equal(await world.controlPlane.stop(), 0);
    await world.controlPlane.start();
  },
  "both killed": async () => {
    await Promise.all([agent.kill(), world.controlPlane.kill()]);
    await world.controlPlane.start();
    agent.run();
    await agent.said(/agent started/);
  },
});

async function ownBroker(context: Context): Promise<void> {
  const proxies: ChaosProxy[] = [];
  const trial = await Trial.start(context, {
    world: { controlPlane: { address: ELSEWHERE } },
    prepare: async (world) => {
      const { mqtt, deviceApi } = world.controlPlane.ready.ports;
      const to = (port: number) => ({ host: "127.0.0.1", port });
      for (const port of [mqtt, deviceApi])
        proxies.push(context.own(await ChaosProxy.listen({ host: ELSEWHERE, port }, to(port), context.random)));
      return world;
    },
  });
  await operate(context, trial, {
    ...ends(trial),
    partition: async () => {
      for (const each of proxies) each.weather = { isStalled: true };
      await lasting(SHORTEST_CUT + context.random.next() * (LONGEST_CUT - SHORTEST_CUT));
      for (const each of proxies) {
        each.weather = {};
        each.cut();
      }
    },
    "connections reset": async () => proxies.forEach((each) => each.cut()),
  });
}

async function foreignBroker(context: Context): Promise<void> {
  const { trial, broker } = await brokered(context, {});
  const { controlPlane } = trial.world;
  const again = () => controlPlane.start({ flags: broker.flags });
  const { "agent killed": agentKilled } = ends(trial);
  await operate(context, trial, {
    "broker killed": async () => {
      await broker.broker.kill();
      await broker.restart();
    },
    "broker away": async () => {
      await broker.broker.kill();
      await lasting(SHORTEST_CUT + context.random.next() * (LONGEST_CUT - SHORTEST_CUT));
      await broker.restart();
    },
    "control plane killed": async () => {
      await controlPlane.kill();
      await again();
    },
    "agent killed": async () => agentKilled?.(),
  });
}

export const operations: readonly Scenario[] = [
  {
    id: "F73",
    title: `${IN_ALL.toLocaleString("en")} operations under kills, restarts and partitions, drawn by chance`,
    layer: 3,
    rounds: { short: 2, full: Math.ceil(IN_ALL / (1.5 * OPERATIONS.full)) },
    run: ownBroker,
  },
  {
    id: "F74",
    title:
      "operations through an external broker, with kills of it, of the control plane and the agent, drawn by chance",
    layer: 4,
    needs: ["mosquitto"],
    rounds: { short: 1, full: 60 },
    run: foreignBroker,
  },
];
