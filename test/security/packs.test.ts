import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { decode, pack, seal, v1 } from "@edgemere/protocol";
import { startHostileWorld } from "../world/hostile-broker.ts";
import { createJob, endOf } from "../world/jobs.ts";
import { eventually, type World } from "../world/world.ts";

const mallory = { keyId: "mallory", privateKey: generateKeyPairSync("ed25519").privateKey };
const HOUR = 3_600_000;
const policy = { name: "hot", condition: 'value("cpu.busy_percent") > 1000', runsOn: "device" } as const;

/** Version of the pack that a device says it runs. */
const packOf = async ({ client }: World, device: string) =>
  (await client.call("sa/pe/policy/explain", { policy: "hot", device })).pack;
const runs = (world: World, device: string, version: number) =>
  eventually(async () => (await packOf(world, device)) === version, `${device} to run its pack ${version}`);
const notesOf = async ({ client }: World, name: string) =>
  (await client.call("cpl/dm/device/events", { device: "gw1", limit: 200 })).items.filter((each) => each.name === name);

test("T01 T02 packs of policies that are forged, altered, old, another device's or too costly are refused with their reason, and change nothing", async () => {
  await using world = await startHostileWorld();
  const { broker, client } = world;
  await world.enrolAgent("gw1");
  await world.enrolAgent("gw2");
  const { id: device } = await client.call("cpl/dm/device/find", { device: "gw1" });
  const packsOf = (id: string) =>
    broker.seen.filter(
      ({ name, device: to, payload }) =>
        name === "command" && to === id && decode(v1.Command, decode(v1.SignedEnvelope, payload).payload).policyPack,
    );
  const { id: other } = await client.call("cpl/dm/device/find", { device: "gw2" });
  await client.call("sa/pe/policy/create", policy);
  await Promise.all([runs(world, "gw1", 1), runs(world, "gw2", 1)]);
  await client.call("sa/pe/policy/update", { policy: "hot", for: 60 });
  await Promise.all([runs(world, "gw1", 2), runs(world, "gw2", 2)]);
  const [old] = packsOf(device);
  const foreign = packsOf(other);
  assert.ok(old !== undefined && foreign.length === 2, "packs went by");
  const ids = { trustDomain: "x", device, command: "forged", sequence: 1_000, issuedAtMs: Date.now() };
  const forged = seal(
    "command",
    { ...ids, expiresAtMs: Date.now() + HOUR, runTimeoutMs: 1_000, policyPack: { version: 9, policies: [] } },
    mallory,
  );
  const genuine = decode(v1.SignedEnvelope, old.payload);
  const bytes = Buffer.from(genuine.payload);
  const altered = Object.assign({}, genuine, { payload: bytes.fill(0x7a, bytes.length - 1) });

  for (const envelope of [forged, altered]) {
    const { topic, payload } = pack("command", { device }, envelope);
    await broker.inject(topic, payload);
  }
  for (const { payload } of [old, ...foreign]) await broker.inject(`edgemere/v1/${device}/down/command`, payload);
  for (const reason of ["unknown-key", "bad-signature"])
    await eventually(
      async () => (await notesOf(world, "untrusted-command")).some(({ detail }) => detail.startsWith(reason)),
      `${reason} to be told of`,
    );
  // What somebody may ask for is no more obeyed when it is old, or more than a device may spend.
  const given = async (version: number, policies: number, parts = 25) => {
    const condition = Array.from({ length: parts }, () => [{ truth: true }, { truth: true }, { operator: "&&" }]);
    const steps = condition.flatMap((three, n) => (n === 0 ? three : [...three, { operator: "&&" }]));
    const spec = { revision: 1, forMs: 0, keepFiringForMs: 0, freshForMs: 60_000, effects: [] };
    const many = Array.from({ length: policies }, (_, n) => ({ ...spec, name: `p${n}`, condition: steps }));
    return endOf(world, await createJob(world, "gw1", "policy.pack", { version, policies: many }));
  };
  const ends = [await given(1, 1), await given(9, 28)].map(({ state, reason }) => [state, reason]);
  await assert.rejects(given(9, 51, 1), /policies/);

  assert.deepEqual(ends, [
    ["failed", "old-pack"],
    ["failed", "costly-pack"],
  ]);
  assert.deepEqual([await packOf(world, "gw1"), await packOf(world, "gw2")], [2, 2]);
  await client.call("sa/pe/policy/update", { policy: "hot", for: 90 });
  await runs(world, "gw1", 3);
});
