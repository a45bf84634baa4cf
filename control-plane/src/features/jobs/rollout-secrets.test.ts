import assert from "node:assert/strict";
import { test } from "node:test";
import { open, openSecrets, sealingKeyBytes, sealingKeyFromBytes } from "@edgemere/protocol";
import { MINUTE } from "@edgemere/protocol/kit";
import { trustInSigner } from "../../platform/core.test-support.ts";
import { contentOf, keptDatabase } from "../../platform/sample-resource.test-support.ts";
import { aDevice } from "../device.test-support.ts";
import { cancelRollout, planJob } from "./contract.ts";
import { aVault, type World } from "./jobs.test-support.ts";
import {
  answer,
  devicesIn,
  exec,
  idOf,
  lookAt,
  roll,
  startFleet,
  steps,
  targetsIn,
  why,
} from "./rollouts.test-support.ts";

const keyOf = (place: number) => sealingKeyFromBytes(new Uint8Array(32).fill(10 + place));
const sealingKey = (place: number) => Buffer.from(sealingKeyBytes(keyOf(place))).toString("base64");
const CANARY = "correct horse battery staple";
const secrets = { PASSWORD: CANARY };

const startSealing = (size: number, over: Parameters<typeof startFleet>[1] = {}) =>
  startFleet(size, { each: (place) => ({ labels: { fleet: "f" }, sealingKey: sealingKey(place) }), ...over });

/** What each command that was sent opens to, with the key of its device. */
const received = (world: World) =>
  world.carrier.messages("command").map((envelope) => {
    const { exec: task, trustDomain, device, command } = open("command", envelope, trustInSigner);
    const key = keyOf(Number(device.slice(1)));
    return [device, openSecrets(task?.secrets ?? {}, key, { trustDomain, device, command })] as const;
  });

test("secrets of a rollout reach each device sealed for itself, at a second try and when it joins late, and are readable nowhere else", async () => {
  const database = keptDatabase();
  await using world = await startSealing(2, { database });
  for (const place of [0, 1]) await world.hello(idOf(place));
  const retries = { device: { times: 1, pause: 1 } };
  const { id } = await roll(world, { ...exec, secrets, mode: "continuous", retries });
  await answer(world, id, (device) => (device === idOf(0) ? "failed" : "succeeded"));
  await steps(world, 5);
  await world.store.commit(aDevice(idOf(2), { labels: { fleet: "f" }, sealingKey: sealingKey(2) }));
  await world.hello(idOf(2));
  await world.advance(2 * MINUTE);
  await steps(world);

  assert.deepEqual(
    received(world),
    [0, 1, 0, 2].map((place) => [idOf(place), secrets]),
  );
  const { secretNames } = await lookAt(world, id);
  assert.deepEqual(secretNames, ["PASSWORD"]);
  assert.ok(!(await contentOf(database)).includes(CANARY));
  assert.ok(!JSON.stringify(await world.store.events(0, 1_000)).includes(CANARY));
  assert.match(await contentOf(database), /rolloutsecrets/);

  await world.call(cancelRollout, { rollout: id });
  await answer(world, id);
  await steps(world);
  assert.doesNotMatch(await contentOf(database), /rolloutsecrets/);
});

test("explain names secrets-gone first, where the vault is another one, as after a restore elsewhere: the devices are left out", async () => {
  const database = keptDatabase();
  let id = "";
  {
    await using world = await startSealing(2, { database });
    ({ id } = await roll(world, { ...exec, secrets, waves: [{ count: 1, soak: 600 }] }));
    await answer(world, id);
  }
  await using world = await startSealing(0, { database, vault: await aVault(2) });
  const [other = ""] = await devicesIn(world, id, "queued");
  assert.equal(await why(world, id, other), "secrets-gone");

  await world.advance(20 * MINUTE);

  assert.equal((await devicesIn(world, id, "succeeded")).length, 1);
  assert.deepEqual(
    (await targetsIn(world, id, "skipped")).map(({ reason }) => reason),
    ["secrets-gone"],
  );
});

for (const [what, wish, message] of [
  ["of a kind that takes none", { kind: "ping", arguments: {}, secrets }, /ping takes no secrets/],
  [
    "that are more than a command can hold",
    { ...exec, secrets: { A: "x".repeat(8_000), B: "x".repeat(8_000) } },
    /together they may take 8192 bytes/,
  ],
] as const)
  test(`a plan with secrets ${what} is refused`, async () => {
    await using world = await startSealing(1);

    await assert.rejects(world.call(planJob, { selector: "fleet=f", ...wish }), message);
  });
