import assert from "node:assert/strict";
import { anIdentity, judged } from "../../security/device-identity.ts";
import { eventually } from "../../world/world.ts";
import type { Context, Scenario } from "../scenario.ts";
import { preloaded } from "../tools/launches.ts";
import { Trial } from "../trial.ts";

const SECOND = 1_000;
/** Of one device in a minute. */
const TRIES = 20;

/** While the store gives no answers, or bad ones, devices come: one that was there before, and one that was not. */
async function storeUnreachable(context: Context): Promise<void> {
  for (const how of ["fails", "hangs"]) {
    const launch = preloaded("unreachable-store", { EDGEMERE_FAULT_STORE: how });
    const trial = await Trial.start(context, { world: { controlPlane: { launch } } });
    const { controlPlane } = trial.world;
    const count = (pattern: RegExp) => controlPlane.output.match(pattern)?.length ?? 0;
    for (let round = 0; round < context.rounds; round++) {
      const unknown = await anIdentity(trial.world, `unknown-${round}`);
      assert.equal(await trial.agent.stop(), 0, trial.agent.output);
      // Who comes and goes as often as the rounds do is said to flap.
      await trial.seen("offline", "flapping");
      const before = { admitted: count(ADMITTED), turns: count(UNREACHABLE) };

      const from = performance.now();
      controlPlane.signal("SIGUSR2");
      await eventually(async () => count(UNREACHABLE) > before.turns, "the store to be out of reach");
      await trial.startAgent();
      await eventually(async () => count(ADMITTED) > before.admitted, "the known device to be let in");
      assert.equal(await judged(unknown), "busy", "whoever is not known is not refused");
      const minutes = (performance.now() - from) / (60 * SECOND);
      context.recorder.bar(
        "tries of a device in a minute",
        (count(ADMITTED) - before.admitted) / Math.max(1, minutes),
        TRIES,
      );
      const again = count(REACHABLE);
      controlPlane.signal("SIGUSR2");
      await eventually(async () => count(REACHABLE) > again, "the store to be within reach again");
      const since = Date.now();

      await trial.giveWork();
      await trial.recovered(since);
      assert.equal(await judged(unknown), "admitted");
      assert.doesNotMatch(trial.agent.output, /refused/);
    }
    await trial.settle();
  }
}

const UNREACHABLE = /the store is unreachable\n/g;
const REACHABLE = /the store is there again\n/g;
const ADMITTED = /device admitted without a look/g;

export const admissions: readonly Scenario[] = [
  {
    id: "F60",
    title: "control plane that cannot read its store while devices connect",
    layer: 3,
    rounds: { short: 1, full: 10 },
    run: storeUnreachable,
  },
];
