import assert from "node:assert/strict";
import { isThere } from "../../world/jobs.ts";
import { openTerminal, opensTerminals } from "../../world/terminals.ts";
import { eventually, type World } from "../../world/world.ts";
import type { Context, Scenario } from "../scenario.ts";
import { ChaosProxy } from "../tools/chaos-proxy.ts";
import { Trial } from "../trial.ts";

const CLOSED_WITHIN = 30_000;
/** Where the device thinks that the control plane is. */
const ELSEWHERE = "127.0.0.2";
const HERE = "127.0.0.1";

/** Somebody sits at a terminal while its device's connection is cut, then while its agent is killed, then while the control plane is. */
async function troubled(context: Context): Promise<void> {
  const ways: ChaosProxy[] = [];
  const trial = await Trial.start(context, {
    world: { controlPlane: { address: ELSEWHERE } },
    flags: opensTerminals,
    prepare: async (world) => {
      const { mqtt, deviceApi } = world.controlPlane.ready.ports;
      for (const port of [mqtt, deviceApi])
        ways.push(
          context.own(await ChaosProxy.listen({ host: ELSEWHERE, port }, { host: HERE, port }, context.random)),
        );
      return world;
    },
  });
  const cut = () => {
    for (const way of ways) way.cut();
  };
  for (let round = 0; round < context.rounds; round++) {
    await throughCuts(trial, cut);
    for (const victim of ["agent", "control plane"] as const) await killed(context, trial, victim);
    await trial.giveWork();
    await trial.recovered();
  }
  context.recorder.note(
    "over cuts all came once and in order; of terminals with a killed end nothing was left running",
  );
  await trial.settle();
}

/** Loses nothing and doubles nothing. */
async function throughCuts({ world }: Trial, cut: () => void): Promise<void> {
  using terminal = await openTerminal(world, "gw1");
  terminal.type("for n in $(seq 1 200); do echo line $n; sleep 0.01; done; echo all''done\r");
  await terminal.until(/line 50\r/);
  cut();
  terminal.type("echo typed\r");
  await terminal.until(/alldone[^]*typed\r\n/);
  const numbers = [...terminal.shown.matchAll(/line (\d+)\r/g)].map(([, n]) => Number(n));
  assert.deepEqual(
    numbers,
    Array.from({ length: 200 }, (_, n) => n + 1),
  );
  terminal.leave();
  await terminal.untilEnded();
}

/** Whoever sat there is told, no process of it is left, and what was recorded verifies. */
async function killed(context: Context, trial: Trial, victim: "agent" | "control plane"): Promise<void> {
  const { world, agent } = trial;
  using terminal = await openTerminal(world, "gw1");
  terminal.type("echo pid=$$; (setsid nohup sleep 600 >/dev/null 2>&1 & echo child=$!)\r");
  const [, pid] = await terminal.until(/pid=(\d+)/);
  const [, child] = await terminal.until(/child=(\d+)/);
  const since = Date.now();

  await (victim === "agent" ? agent : world.controlPlane).kill();
  await (victim === "agent" ? trial.startAgent() : world.controlPlane.start());
  await trial.told(async () => {
    await eventually(async () => terminal.failure ?? terminal.ended, "whoever sat there to be told");
    for (const each of [pid, child]) await eventually(async () => !(await isThere(Number(each))), "all of it to end");
  });

  context.recorder.bar("closed at both ends", Date.now() - since, CLOSED_WITHIN);
  const { id } = await trial.endOf(terminal.job);
  assert.equal(await isChained(world, id), true);
}

const isChained = (world: World, recording: string): Promise<boolean> =>
  eventually(async () => {
    const { state } = await world.client.call("cpl/dm/recording/find", { recording });
    return state !== "open" && (await world.client.call("cpl/dm/recording/verify", { recording })).isChained;
  }, "the recording to be whole or cut off, and to verify");

export const terminals: readonly Scenario[] = [
  {
    id: "F68",
    title: "a terminal whose device loses its connection, whose agent is killed, whose control plane is killed",
    layer: 3,
    needs: ["terminal"],
    rounds: { short: 1, full: 20 },
    run: troubled,
  },
];
