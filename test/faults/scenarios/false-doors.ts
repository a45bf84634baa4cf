import assert from "node:assert/strict";
import { Program } from "../../world/program.ts";
import { eventually } from "../../world/world.ts";
import type { Context, Scenario } from "../scenario.ts";
import { falseDoor, type Flaw } from "../tools/false-door.ts";
import { Trial } from "../trial.ts";

/** What the agent is shown in place of the control plane's certificate, and what it says of that on its own host. */
const flaws: Readonly<Record<Flaw, RegExp>> = {
  expired: /a certificate expired on/,
  "for another host": /does not match|ALTNAME/i,
  "from another authority": /self-signed|SELF_SIGNED|UNABLE_TO/i,
};

/** Where the control plane was stands somebody who shows a certificate that is not good. */
async function shown(context: Context): Promise<void> {
  const trial = await Trial.start(context);
  const { controlPlane } = trial.world;
  const status = async () => {
    const program = new Program({
      script: "agent/bin/edgemere-agent.js",
      args: ["status", "--data", trial.agent.dataFolder],
    });
    await program.ended();
    return program.output;
  };
  const waiting = async () => Number(/Spool telemetry +up to (\d+) records/.exec(await status())?.[1] ?? 0);
  for (let round = 0; round < context.rounds; round++)
    for (const [flaw, words] of Object.entries(flaws) as [Flaw, RegExp][]) {
      assert.equal(await trial.agent.stop(), 0, trial.agent.output);
      assert.equal(await controlPlane.stop(), 0, controlPlane.output);
      {
        await using door = await falseDoor(flaw, controlPlane, context.folder);
        await trial.startAgent();
        await eventually(async () => words.test(lastFailure(await status())), `"${flaw}" to be told on the host`);
        assert.match(lastFailure(await status()), /not this device's control plane/);
        const before = await waiting();
        await eventually(async () => (await waiting()) > before, "records to be kept");
        assert.equal(door.heard, 0, "nothing is said to whoever is not the control plane");
      }
      assert.equal(await trial.agent.stop(), 0, trial.agent.output);
      await controlPlane.start();
      const since = Date.now();
      await trial.startAgent();
      await trial.giveWork();
      await trial.recovered(since);
    }
  await trial.settle();
}

const lastFailure = (status: string): string => /^Last failure .*$/m.exec(status)?.[0] ?? "";

export const falseDoors: readonly Scenario[] = [
  {
    id: "F59",
    title: "server certificate that has expired, is for another host or from another authority",
    layer: 3,
    needs: ["faketime"],
    rounds: { short: 1, full: 10 },
    run: shown,
  },
];
