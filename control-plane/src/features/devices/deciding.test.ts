import assert from "node:assert/strict";
import { test } from "node:test";
import { parseToken } from "@edgemere/protocol";
import { DAY, HOUR } from "@edgemere/protocol/kit";
import { nobody, type LimitedGrant } from "../../platform/caller.ts";
import { approveDevice, listWaiting, registerAgent } from "./certificate-contract.ts";
import { device, retireDevice } from "./contract.ts";
import { anEnrolment, mayConnect, startDevices, type World } from "./devices.test-support.ts";
import { createToken } from "./token-contract.ts";

type TokenInput = Parameters<typeof tokenIn>[1];

/** `<id>.<secret>` of a new token. */
async function tokenIn(
  world: World,
  input: { approval?: "manual" | "known-machines" | "none"; labels?: Record<string, string>; ttl?: number } = {},
) {
  const { id, secret } = parseToken((await world.call(createToken, { uses: 9, ...input })).token);
  return `${id}.${secret}`;
}
const register = (world: World, ...args: Parameters<typeof anEnrolment>) =>
  world.call(registerAgent, anEnrolment(...args), nobody);
const rowOf = async (world: World, id: string) => (await world.store.get(device, id)) ?? assert.fail(`no device ${id}`);
const waiting = async (world: World) => (await world.call(listWaiting, {})).items.map(({ id }) => id);

/** A device "gw" in Berlin, and a newcomer on the same host that waits. */
async function aReplacement(newcomer: TokenInput = {}) {
  const world = await startDevices();
  const former = await register(world, await tokenIn(world, { labels: { site: "berlin" } }));
  const again = { machineId: "machine-1", certificateRequest: "key-2" };
  const credential = await tokenIn(world, newcomer);
  const { device: id } = await register(world, credential, again);
  return {
    ...world,
    former: former.device,
    newcomer: id,
    askAgain: () => register(world, credential, again),
  };
}

/** Somebody who approves devices in some places only. */
const approverIn = (...sites: readonly string[]) => ({
  actor: "user:ada",
  permissions: [],
  limited: sites.map((site): LimitedGrant => ({ permission: "enrol:approve", selectors: [`site=${site}`] })),
});

test("with a token of manual approval a host waits, without a certificate, until somebody lets it in", async () => {
  await using world = await startDevices();
  const credential = await tokenIn(world, { approval: "manual" });

  const asked = await register(world, credential);
  const askedAgain = await register(world, credential);
  const before = await rowOf(world, asked.device);
  const approved = await world.call(approveDevice, { device: "gw" });
  const given = await register(world, credential);

  assert.deepEqual([asked.state, asked.certificate, askedAgain.device], ["waiting", undefined, asked.device]);
  assert.deepEqual([before.state, before.identity?.waitsFor], ["pending", "enrolment"]);
  assert.deepEqual([approved.state, approved.identity?.waitsFor], ["active", ""]);
  assert.deepEqual([given.state, given.certificate], ["issued", `${asked.device} with key-1`]);
  assert.deepEqual(await waiting(world), []);
});

test("a host that waits is let in nowhere, and is in the list of those that wait", async () => {
  await using world = await startDevices();
  const { device: id } = await register(world, await tokenIn(world, { approval: "manual" }));

  assert.deepEqual(await waiting(world), [id]);
  assert.deepEqual(await mayConnect(world, id, undefined), {
    kind: "refused",
    why: "the device waits for approval",
  });
});

test("somebody may take longer to approve than the token holds: the host that waits is let in, and no other", async () => {
  await using world = await startDevices();
  const credential = await tokenIn(world, { approval: "manual", ttl: 3_600 });
  const { device: id } = await register(world, credential);
  await world.advance(DAY);

  await world.call(approveDevice, { device: id });

  assert.equal((await register(world, credential)).state, "issued");
  await assert.rejects(register(world, credential, { certificateRequest: "key-2" }), { message: /has expired/ });
});

test("who waits and is retired instead does not get in, and is asked about no more", async () => {
  await using world = await startDevices();
  const credential = await tokenIn(world, { approval: "manual" });
  const { device: id } = await register(world, credential);

  await world.call(retireDevice, { device: id });

  assert.deepEqual(await waiting(world), []);
  await assert.rejects(register(world, credential), { type: "forbidden", message: /was retired/ });
  await assert.rejects(world.call(approveDevice, { device: id }), { type: "conflict", message: /no approval/ });
});

test("a host that is a device already waits, and whoever approves has to say what becomes of that one", async () => {
  await using world = await aReplacement();

  assert.deepEqual(await waiting(world), [world.newcomer]);
  assert.equal((await rowOf(world, world.newcomer)).identity?.replaces, world.former);
  await assert.rejects(world.call(approveDevice, { device: world.newcomer }), {
    type: "invalid-input",
    message: /say with replace/,
  });
  assert.equal((await world.askAgain()).state, "waiting");
});

test("with a token without approval even a host that is a device already is let in, beside it", async () => {
  await using world = await aReplacement({ approval: "none" });

  assert.equal((await world.askAgain()).state, "issued");
  assert.equal((await rowOf(world, world.former)).state, "active");
});

for (const [what, permissions, outcome] of [
  ["who may only make tokens", ["enrol:create"], "forbidden"],
  ["who has that permission too", ["enrol:create", "enrol:unapproved"], "made"],
] as const)
  test(`of a token without approval ${what} is told: ${outcome}`, async () => {
    await using world = await startDevices();
    const caller = { actor: "user:pat", via: "rest", permissions, requestId: "r1" } as const;

    const told = await world.call(createToken, { approval: "none" }, caller).then(
      () => "made",
      (error: { type?: string }) => error.type,
    );

    assert.equal(told, outcome);
    assert.ok((await world.call(createToken, { approval: "manual" }, caller)).token);
  });

test("replaced, the former device is retired and sent away, and the new one has its name and not its identity", async () => {
  await using world = await aReplacement();

  const approved = await world.call(approveDevice, { device: world.newcomer, replace: true });

  const former = await rowOf(world, world.former);
  assert.deepEqual([approved.id, approved.name, approved.state], [world.newcomer, "gw", "active"]);
  assert.deepEqual([former.name, former.state, former.presence], [`gw~${world.former}`, "retired", "offline"]);
  assert.deepEqual(
    world.carrier.disconnected.map((each) => each.device),
    [world.former],
  );
  assert.equal((await mayConnect(world, world.former, "serial-1")).kind, "refused");
  assert.equal((await world.askAgain()).certificate, `${world.newcomer} with key-2`);
});

test("kept, both are devices under names of their own", async () => {
  await using world = await aReplacement();

  const approved = await world.call(approveDevice, { device: world.newcomer, replace: false });

  const former = await rowOf(world, world.former);
  assert.deepEqual([approved.name, approved.state, former.name, former.state], ["gw-2", "active", "gw", "active"]);
  assert.deepEqual(world.carrier.disconnected, []);
  assert.equal((await world.askAgain()).state, "issued");
});

test("a former device that was retired while the other waited is not renamed, and nothing else is in the way", async () => {
  await using world = await aReplacement();
  await world.call(retireDevice, { device: world.former });

  const approved = await world.call(approveDevice, { device: world.newcomer, replace: true });

  assert.deepEqual([approved.name, approved.state], ["gw-2", "active"]);
  assert.equal((await rowOf(world, world.former)).name, "gw");
});

for (const [what, sites, replace, outcome] of [
  ["replaces no device outside the own ones", ["madrid"], true, "forbidden"],
  ["keeps both, of which only the new one is theirs", ["madrid"], false, "active"],
  ["replaces, where both are theirs", ["madrid", "berlin"], true, "active"],
  ["does not find who waits elsewhere", ["berlin"], true, "not-found"],
] as const)
  test(`who approves for some devices only ${what}`, async () => {
    await using world = await aReplacement({ labels: { site: "madrid" } });

    const decided = await world.call(approveDevice, { device: world.newcomer, replace }, approverIn(...sites)).then(
      ({ state }) => state,
      (error: { type?: string }) => error.type,
    );

    assert.equal(decided, outcome);
    const isReplaced = outcome === "active" && replace;
    assert.equal((await rowOf(world, world.former)).state, isReplaced ? "retired" : "active");
    assert.equal((await rowOf(world, world.newcomer)).state, outcome === "active" ? "active" : "pending");
  });

test("of two who decide at the same moment one is told that it is decided", async () => {
  await using world = await aReplacement();

  const outcomes = await Promise.allSettled(
    [true, false].map((replace) => world.call(approveDevice, { device: world.newcomer, replace })),
  );

  const refusals = outcomes.flatMap((each) => (each.status === "rejected" ? [(each.reason as Error).message] : []));
  assert.equal(refusals.length, 1);
  assert.match(refusals[0] ?? "", /waits for no approval/);
  await world.advance(HOUR);
  assert.deepEqual(await waiting(world), []);
});
