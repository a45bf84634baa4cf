import assert from "node:assert/strict";
import { eventually, type World } from "../../world/world.ts";
import type { Context, Scenario } from "../scenario.ts";
import { preloaded } from "../tools/launches.ts";
import { lasting } from "../tools/pause.ts";
import { Trial } from "../trial.ts";

const SECOND = 1_000;
const BLOCKED = 2 * SECOND;
/** The rest of a block may pass between two looks of whoever measures it. */
const SEEN = 0.8 * BLOCKED;

/** The event loop of the control plane stands still again and again: nobody is taken for dead, and it is told. */
async function blocked(context: Context): Promise<void> {
  const launch = preloaded("block-on-signal", { EDGEMERE_FAULT_BLOCK: String(BLOCKED) });
  const trial = await Trial.start(context, {
    world: { controlPlane: { launch } },
    flags: ["--keepalive", "5s"],
  });
  const { controlPlane } = trial.world;
  const before = await trial.newest();
  for (let round = 0; round < context.rounds; round++) {
    await trial.giveWork();
    const since = Date.now();
    controlPlane.signal("SIGUSR2");
    await lasting(BLOCKED);
    await trial.told(() =>
      eventually(async () => (await lagIn(trial.world)) >= SEEN / SECOND, "the lag to be measured").then(() => {}),
    );
    const { status, reasons } = await healthOf(trial.world);
    assert.ok(status === "degraded" && reasons.includes("the event loop is late"), `${status}: ${reasons.join(", ")}`);
    await trial.recovered(since);
  }
  assert.deepEqual(await trial.presences(before), [], "its session goes on");
  await trial.settle();
}

async function lagIn({ baseUrl, token }: World): Promise<number> {
  const answer = await fetch(`${baseUrl}/metrics`, { headers: { authorization: `Bearer ${token}` } });
  return Number(/^edgemere_event_loop_lag_seconds (\S+)$/m.exec(await answer.text())?.[1] ?? 0);
}

async function healthOf({ baseUrl }: World) {
  const answer = await fetch(`${baseUrl}/healthz`);
  return (await answer.json()) as { readonly status: string; readonly reasons: readonly string[] };
}

export const blockedLoops: readonly Scenario[] = [
  {
    id: "F63",
    title: "event loop of the control plane blocked for two seconds",
    layer: 3,
    rounds: { short: 1, full: 20 },
    run: blocked,
  },
];
