import assert from "node:assert/strict";
import { test } from "node:test";
import { parseToken } from "@edgemere/protocol";
import { DAY, HOUR, SECOND } from "@edgemere/protocol/kit";
import { ManualClock } from "@edgemere/protocol/simulated";
import type { InputOf } from "../../platform/action.ts";
import { nobody } from "../../platform/caller.ts";
import { memoryDatabase } from "../../platform/database.ts";
import { registerAgent } from "./certificate-contract.ts";
import { device, retireDevice } from "./contract.ts";
import { createToken, listTokens, revokeToken, token } from "./token-contract.ts";
import { anEnrolment, mayConnect, startDevices, type World } from "./devices.test-support.ts";

/** A new token, and the `<id>.<secret>` that a host shows. */
async function aToken(world: World, input: InputOf<typeof createToken> = {}) {
  const made = await world.call(createToken, input);
  const { id, secret } = parseToken(made.token);
  return { ...made, credential: `${id}.${secret}` };
}
const register = (world: World, ...args: Parameters<typeof anEnrolment>) =>
  world.call(registerAgent, anEnrolment(...args), nobody);
const states = async (world: World) => (await world.call(listTokens, {})).items.map(({ state }) => state);
const allNames = async (world: World) => (await world.store.list(device)).items.map(({ name }) => name).toSorted();

test("a token says where to enrol and whom to trust, and only a hash of its secret is kept", async () => {
  await using world = await startDevices();

  const made = await aToken(world, { ttl: 60 });

  const { id, secret, server, pin } = parseToken(made.token);
  assert.equal(server, "https://control-plane.test:8443");
  assert.match(pin, /^[A-Za-z0-9_-]{43}$/);
  assert.equal(made.command, `npx edgemere-agent enrol ${made.token} --run`);
  assert.equal(made.expiresAt, world.clock.now() + 60 * SECOND);
  const row = await world.store.get(token, id);
  assert.equal(row?.author, "user:alice");
  assert.ok(!JSON.stringify(row).includes(secret));
  assert.ok(!JSON.stringify(await world.store.events(0)).includes(row.secretHash));
  assert.ok(!JSON.stringify(await world.call(listTokens, {})).includes(row.secretHash));
});

test("a host with a token becomes an active device with an identity of its own", async () => {
  await using world = await startDevices();
  const { credential } = await aToken(world, { labels: { site: "berlin", role: "gw" }, hostLabels: ["role", "rack"] });

  const identity = await register(world, credential, { labels: { role: "edge", rack: "7", line: "2" } });

  const row = await world.store.get(device, identity.device);
  assert.deepEqual(identity, {
    device: row?.id,
    name: "gw",
    trustDomain: "fleet.test",
    state: "issued",
    certificate: `${identity.device} with key-1`,
    chain: ["issuer", "root"],
    joinState: `${identity.device}#1`,
    keyring: Buffer.from("keyring").toString("base64"),
    mqtt: ["mqtts://control-plane.test:8883"],
  });
  assert.deepEqual(
    [row?.state, row?.presence, row?.machineId, row?.agent.version, row?.messageKey],
    ["active", "offline", "machine-1", "0.1.0", anEnrolment("").messageKey],
  );
  // What the operator wrote into the token wins over what the host says of itself, and what was not left to it waits.
  assert.deepEqual(row?.labels, { role: "gw", rack: "7", site: "berlin" });
  assert.deepEqual([row.proposedLabels, row.isNameProposed], [{ line: "2" }, true]);
  assert.deepEqual(await mayConnect(world, identity.device, "serial-1"), { kind: "admitted" });
});

test("a single-use token enrols one host, however many come at once", async () => {
  await using world = await startDevices();
  const { credential } = await aToken(world);

  const outcomes = await Promise.allSettled(
    Array.from({ length: 5 }, (_, i) => register(world, credential, { certificateRequest: `key-${i}` })),
  );

  const refusals = outcomes.flatMap((each) => (each.status === "rejected" ? [(each.reason as Error).message] : []));
  assert.equal(refusals.length, 4);
  assert.match(refusals[0] ?? "", /was used already; make a new one with "edgemere cpl dm token create"/);
  assert.deepEqual(await allNames(world), ["gw"]);
  assert.deepEqual(await states(world), ["used"]);
});

test("a rack of hosts of one name enrols at once with one token, each under a name of its own", async () => {
  await using world = await startDevices();
  const { credential } = await aToken(world, { uses: 20 });

  await Promise.all(
    Array.from({ length: 20 }, (_, i) => register(world, credential, { certificateRequest: `key-${i}` })),
  );

  const names = await allNames(world);
  assert.equal(new Set(names).size, 20);
  assert.deepEqual(await states(world), ["used"]);
});

test("a host whose name is taken gets the next free one, also by another token", async () => {
  await using world = await startDevices();
  await register(world, (await aToken(world)).credential, { certificateRequest: "key-1" });

  const { name } = await register(world, (await aToken(world)).credential, { certificateRequest: "key-2" });

  assert.equal(name, "gw-2");
});

test("a host whose answer got lost asks again with the same key and is the same device", async () => {
  await using world = await startDevices();
  const { credential } = await aToken(world);
  const first = await register(world, credential);

  const second = await register(world, credential, { nonce: "2" });

  assert.deepEqual(second, first);
  assert.deepEqual(await allNames(world), ["gw"]);
  assert.deepEqual(await mayConnect(world, first.device, "serial-1"), { kind: "admitted" });
});

test("a host asks again also after a restart of the control plane", async () => {
  const database = memoryDatabase();
  const before = await startDevices({ database });
  const { credential } = await aToken(before);
  const first = await register(before, credential);
  const clock = new ManualClock(before.clock.now() + SECOND);
  await using world = await startDevices({ database, clock });

  const second = await register(world, credential);

  assert.equal(second.device, first.device);
});

test("another key gets nothing with a token that was used", async () => {
  await using world = await startDevices();
  const { credential } = await aToken(world);
  await register(world, credential);

  await assert.rejects(register(world, credential, { certificateRequest: "key-2" }), {
    type: "forbidden",
    message: /was used already/,
  });
});

test("a retired device does not come back with its old key, and the same host may with a new token and key", async () => {
  await using world = await startDevices();
  const { credential } = await aToken(world);
  const { device: id } = await register(world, credential);
  await world.call(retireDevice, { device: id });

  await assert.rejects(register(world, credential), {
    type: "forbidden",
    message: /retired; enrol it with a new token/,
  });
  const again = await register(world, (await aToken(world)).credential, { certificateRequest: "key-2" });

  assert.notEqual(again.device, id);
  assert.deepEqual(await mayConnect(world, id, "serial-1"), {
    kind: "refused",
    why: "the device was retired",
  });
});

test("a token ends by itself, and enrols nobody from the instant on", async () => {
  await using world = await startDevices();
  const { credential } = await aToken(world, { ttl: 3_600 });
  await world.advance(HOUR - 1);
  assert.deepEqual(await states(world), ["open"]);

  await world.clock.advance(1);
  await assert.rejects(register(world, credential), { type: "forbidden", message: /has expired/ });
  await world.advance(DAY);

  assert.deepEqual(await states(world), ["expired"]);
  assert.deepEqual(await allNames(world), []);
});

test("a revoked token enrols nobody, and cannot be revoked twice", async () => {
  await using world = await startDevices();
  const { id, credential } = await aToken(world);
  const shown = await world.call(revokeToken, { id });

  assert.equal(shown.state, "revoked");
  await assert.rejects(register(world, credential), { type: "forbidden", message: /was revoked/ });
  await assert.rejects(world.call(revokeToken, { id }), { type: "conflict" });
});

for (const [what, input, field] of [
  ["no use at all", { uses: 0 }, /"uses" must be a number from 1 to 10000/],
  ["a second of life", { ttl: 1 }, /"ttl" must be a number from 60 to 604800/],
  ["a label with a blank in its key", { labels: { "a b": "c" } }, /"labels.a b" is not allowed/],
] as const) {
  test(`a token with ${what} is refused`, async () => {
    await using world = await startDevices();

    await assert.rejects(aToken(world, input), { type: "invalid-input", message: field });
    assert.deepEqual(await states(world), []);
  });
}

test("who has no credentials may enrol with a token, and may not make one", async () => {
  await using world = await startDevices();

  await assert.rejects(world.call(createToken, {}, nobody), { type: "not-signed-in" });
  await assert.rejects(register(world, "nothing.here"), { type: "forbidden", message: /is unknown/ });
});
