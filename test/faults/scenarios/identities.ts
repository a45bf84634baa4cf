import assert from "node:assert/strict";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { loadIdentity } from "@edgemere/agent";
import { createClient } from "@edgemere/control-plane/client";
import { nodeDisk } from "@edgemere/protocol/kit";
import { anIdentity, connecting, judged, renewal, aKey } from "../../security/device-identity.ts";
import { eventually, owner, startWorld } from "../../world/world.ts";
import type { Context, Scenario } from "../scenario.ts";
import { preloaded, wallClock } from "../tools/launches.ts";
import { Trial } from "../trial.ts";

/** A renewal has fewer: they are counted by coming to their end. */
const MOST_STEPS = 30;
const GONE_WITHIN = 2_000;

/** Kills the agent right before each step that a renewal takes on its disk, one after another, until a renewal comes through. */
async function killedWhileRenewing(context: Context): Promise<void> {
  const trial = await Trial.start(context);
  const { client } = trial.world;
  const device = { device: trial.device };
  const died: string[] = [];
  for (let step = 1; step <= MOST_STEPS; step++) {
    const before = await client.call("cpl/dm/device/find", device);
    assert.equal(await trial.agent.stop(), 0, trial.agent.output);
    trial.agent.run(preloaded("kill-at-step", { EDGEMERE_FAULT_STEP: String(step), EDGEMERE_FAULT_FILES: "identity" }));
    await trial.recovered();
    // A split asks whoever holds the newest certificate for a renewal at once.
    await client.call("cpl/dm/device/quarantine", device);
    await client.call("cpl/dm/device/split", device);
    const isRenewed = async () => {
      const { items } = await client.call("cpl/dm/certificate/list", { ...device, limit: 1 });
      return items[0]?.state === "current" && items[0].id !== before.certificate.serial;
    };
    await eventually(async () => !trial.agent.isRunning || (await isRenewed()), "a renewal, or its agent to die");
    // Its last step comes after its connection: it may die just now.
    const code = await trial.agent.stop();
    const killedBefore = /killed before (.*)/.exec(trial.agent.output)?.[1];
    if (killedBefore === undefined) assert.equal(code, 0, trial.agent.output);
    assert.ok(await loadIdentity(nodeDisk(trial.agent.dataFolder)), `an identity after ${killedBefore ?? "all"}`);
    for (const name of ["last-exit", "reconnect"]) await rm(join(trial.agent.dataFolder, name), { force: true });
    trial.agent.run();
    await eventually(isRenewed, "the renewal to come to its end");
    await trial.recovered();
    assert.equal((await client.call("cpl/dm/device/find", device)).state, "active", "nobody is taken for a copy");
    context.recorder.round();
    if (killedBefore === undefined) break;
    died.push(killedBefore);
  }
  assert.ok(died.length >= 4, died.join(", "));
  context.recorder.note(`killed before so many steps of a renewal: ${died.length}`);
}

/** Away for longer than the certificate holds, again and again: three times it comes back by itself. */
async function expiredAway(context: Context): Promise<void> {
  const clock = join(context.folder, "clock");
  await writeFile(clock, "+0");
  const launch = wallClock(clock);
  const flags = ["--certificate-life", "1d"];
  const world = context.own(await startWorld({ controlPlane: { launch, flags } }));
  const agent = await world.enrolAgent("gw1", [], { launch });
  const asOwner = async () => {
    const { token = "" } = await createClient(withoutToken(world)).call("ia/signin", owner);
    return createClient({ ...withoutToken(world), token });
  };
  for (let outage = 1; outage <= 4; outage++) {
    await agent.stop();
    await writeFile(clock, `+${outage * 5}d`);
    const client = await asOwner();
    for (const name of ["last-exit", "reconnect"]) await rm(join(agent.dataFolder, name), { force: true });
    agent.run();
    const look = () => client.call("cpl/dm/device/find", { device: "gw1" });
    if (outage === 4) {
      await eventually(async () => (await look()).identity?.waitsFor === "recovery", "the fourth return to wait");
      await client.call("cpl/dm/device/approve", { device: "gw1" });
    }
    await eventually(
      async () => (await look()).certificate.notAfter > Date.now() + outage * 5 * 86_400_000,
      "a new certificate",
      // Whoever asks before the control plane has a new certificate itself waits a minute, and then some.
      240_000,
    );
    await eventually(async () => (await look()).presence === "online", "the device to be back", 180_000);
    assert.equal((await look()).identity?.recoveries.length, Math.min(outage, 3));
    context.recorder.round();
  }
}

const withoutToken = ({ baseUrl }: { readonly baseUrl: string }) => ({ baseUrl });

/** While it is connected, while it is away, and with the ticket of an earlier session. */
async function revoked(context: Context): Promise<void> {
  const world = context.own(await startWorld());
  for (let round = 0; round < context.rounds; round++) {
    const there = await anIdentity(world, `there-${round}`);
    const away = await anIdentity(world, `away-${round}`);
    const connection = await connecting(there);
    assert.ok(!(connection instanceof Error));
    const ended = new Promise<number>((resolve) => {
      const topic = `edgemere/v1/${there.device}/up/hello`;
      const since = performance.now();
      // What is never answered fails when the connection is gone.
      const say = (): Promise<void> => connection.publish({ topic, payload: new Uint8Array(), qos: 1 }).then(say);
      say().catch(() => resolve(performance.now() - since));
    });

    for (const { device } of [there, away]) await world.client.call("cpl/dm/device/retire", { device });

    assert.ok((await ended) <= GONE_WITHIN * (context.isFull ? 1 : 5), "gone within two seconds");
    for (const identity of [there, away]) {
      assert.equal(await judged(identity), "refused");
      assert.equal((await renewal(identity, await aKey(context.folder))).body["state"], "retired");
    }
    context.recorder.round();
  }
  assert.equal((await world.client.call("cpl/dm/device/find", { device: "away-0" })).state, "retired");
}

export const identities: readonly Scenario[] = [
  {
    id: "F55",
    title: "agent killed before each step of the renewal of its certificate",
    layer: 3,
    rounds: { short: 1, full: 1 },
    run: killedWhileRenewing,
  },
  {
    id: "F56",
    title: "certificate expired while the device was away, four times in 30 days",
    layer: 3,
    needs: ["faketime"],
    rounds: { short: 4, full: 4 },
    run: expiredAway,
  },
  {
    id: "F57",
    title: "identity revoked while connected, while away and at the next connection",
    layer: 3,
    rounds: { short: 2, full: 50 },
    run: revoked,
  },
];
