import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { decode, keyIdOf, pack, seal, v1 } from "@edgemere/protocol";
import { startHostileWorld, type Passing } from "../../world/hostile-broker.ts";
import { createJob, endOf, presenceOf } from "../../world/jobs.ts";
import { eventually, type World } from "../../world/world.ts";
import type { Context, Scenario } from "../scenario.ts";

const HOUR = 3_600_000;

/** Keys are replaced while half of the devices are away; the former key and the former keyrings come back through the broker. */
async function rotated(context: Context): Promise<void> {
  const { rounds, recorder } = context;
  const world = context.own(await startHostileWorld());
  const { broker, client, controlPlane } = world;
  const [here, away] = ["gw1", "gw2"] as const;
  await world.enrolAgent(here, ["--allow", "exec"]);
  const absent = await world.enrolAgent(away, ["--allow", "exec"]);
  const former = createPrivateKey(await readFile(join(controlPlane.dataFolder, "authority", "commands.pem")));

  for (let round = 0; round < rounds; round++) {
    recorder.round();
    await absent.stop();
    // Who comes and goes as often as the rounds do is said to flap.
    await presenceOf(world, away, ["offline", "flapping"]);
    const { version } = await client.call("cpl/dm/key/rotate", { role: "commands", grace: 0 });
    await client.call("cpl/dm/key/rotate", { role: "dangerous", grace: 0 });
    await obeys(world, here);

    // Whoever is between holds the new keyrings back from the one that returns.
    broker.tamper = withoutKeyrings;
    absent.run();
    await eventually(async () => (await conditionsOf(world, away)).includes("head-untrusted"), "the freeze to be seen");
    broker.tamper = ({ payload }) => payload;
    await absent.stop();
    absent.run();
    await obeys(world, away);
    recorder.note(`keyring ${version + 1} reached the device that was away`);
  }

  // The former key, in the hands of somebody else.
  const { id: device } = await client.call("cpl/dm/device/find", { device: here });
  const evil = join(world.folder, "evil");
  const signer = { keyId: keyIdOf(former), privateKey: former };
  const times = { sequence: 9_999, issuedAtMs: Date.now(), expiresAtMs: Date.now() + HOUR, runTimeoutMs: 1_000 };
  const order = { trustDomain: "", device, command: "evil", ...times, exec: { argv: ["touch", evil] } };
  const forged = pack("command", { device }, seal("command", order, signer));
  await broker.inject(forged.topic, forged.payload);
  await eventually(async () => (await notesOf(world, here)).includes("untrusted-command"), "the old key to be told of");
  await assert.rejects(readFile(evil), { code: "ENOENT" });
}

/** Both of its roles' keys are believed. */
async function obeys(world: World, device: string): Promise<void> {
  assert.equal((await endOf(world, await createJob(world, device, "ping"))).state, "succeeded");
  assert.equal((await endOf(world, await createJob(world, device, "exec", { argv: ["true"] }))).state, "succeeded");
}

function withoutKeyrings({ name, payload }: Passing): Buffer {
  if (name !== "sync") return payload;
  const { sessionEpoch, acknowledgements, commands, head, serverTimeMs, limits, helloMonotonicMs } = decode(
    v1.Sync,
    payload,
  );
  const sync = { sessionEpoch, acknowledgements, commands, serverTimeMs, helloMonotonicMs };
  return Buffer.from(v1.Sync.encode({ ...sync, ...(head && { head }), ...(limits && { limits }) }).finish());
}

const conditionsOf = async ({ client }: World, device: string) =>
  (await client.call("cpl/dm/device/find", { device })).conditions ?? [];
const notesOf = async ({ client }: World, device: string) =>
  (await client.call("cpl/dm/device/events", { device, limit: 200 })).items.map(({ name }) => name);

export const keyrings: readonly Scenario[] = [
  {
    id: "F61",
    title: "keys replaced while half of the devices are away; the old key and old keyrings come back",
    layer: 3,
    rounds: { short: 1, full: 10 },
    run: rotated,
  },
];
