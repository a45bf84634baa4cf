import assert from "node:assert/strict";
import { generateKeyPairSync, sign } from "node:crypto";
import { test } from "node:test";
import { decode, open, parseToken, publicKeyBytes, recoveryStatement, v1 } from "@edgemere/protocol";
import { MINUTE } from "@edgemere/protocol/kit";
import { nobody } from "../../platform/caller.ts";
import { trustInSigner } from "../../platform/core.test-support.ts";
import {
  approveDevice,
  challengeAgent,
  listCertificates,
  listWaiting,
  recoverAgent,
  registerAgent,
  renewAgent,
  replaceDevice,
  revokeCertificate,
  splitDevice,
} from "./certificate-contract.ts";
import { findDevice, releaseDevice, retireDevice } from "./contract.ts";
import { anEnrolment, mayConnect, startDevices, type World } from "./devices.test-support.ts";
import { createToken } from "./token-contract.ts";

const messageKey = generateKeyPairSync("ed25519").privateKey;

/** A world with one device, and what that device does about its identity. */
async function aDevice() {
  const world = await startDevices();
  const { token } = await world.call(createToken, {});
  const { id: tokenId, secret } = parseToken(token);
  const { device } = await world.call(
    registerAgent,
    anEnrolment(`${tokenId}.${secret}`, { messageKey: Buffer.from(publicKeyBytes(messageKey)).toString("base64") }),
    nobody,
  );
  const own = { actor: `device:${device}`, permissions: ["agent:renew"], via: "device" } as const;
  return {
    world,
    device,
    look: () => world.call(findDevice, { device }),
    admits: async (serial: string) => (await mayConnect(world, device, serial)).kind,
    renew: (serial: string, key: string) =>
      world.call(renewAgent, { certificateRequest: key }, { ...own, session: serial }),
    recover: (key: string, joinState: string, over: Partial<Parameters<typeof recovery>[1]> = {}) =>
      recovery(world, { device, certificateRequest: key, joinState, signer: messageKey, ...over }),
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}

async function recovery(
  world: World,
  {
    signer,
    waits = 0,
    ...said
  }: {
    readonly device: string;
    readonly certificateRequest: string;
    readonly joinState: string;
    readonly signer: typeof messageKey;
    readonly waits?: number;
  },
) {
  const { challenge } = await world.call(challengeAgent, { device: said.device }, nobody);
  await world.advance(waits);
  const signature = sign(null, recoveryStatement({ ...said, challenge }), signer).toString("base64");
  return world.call(recoverAgent, { ...said, challenge, signature }, nobody);
}

test("a renewed certificate and the one before it are both good until the new one has connected", async () => {
  await using own = await aDevice();

  const { certificate, joinState } = await own.renew("serial-1", "key-2");

  assert.deepEqual([certificate, joinState], [`${own.device} with key-2`, `${own.device}#2`]);
  assert.equal(await own.admits("serial-1"), "admitted");
  assert.equal(await own.admits("serial-2"), "admitted");
  assert.equal(await own.admits("serial-1"), "refused");
  const { items } = await own.world.call(listCertificates, { device: own.device });
  assert.deepEqual(
    items.map(({ id, state, number, cause }) => [id, state, number, cause]),
    [
      ["serial-2", "current", 2, "renewal"],
      ["serial-1", "superseded", 1, "enrolment"],
    ],
  );
});

test("the former certificate is good for ten minutes where the new one never connects, and still gets the lost answer after", async () => {
  await using own = await aDevice();
  const given = await own.renew("serial-1", "key-2");

  await own.world.advance(10 * MINUTE - 1);
  assert.equal(await own.admits("serial-1"), "admitted");
  await own.world.advance(1);

  assert.equal(await own.admits("serial-1"), "refused");
  assert.deepEqual(await own.renew("serial-1", "key-2"), given);
  assert.equal((await own.look()).state, "active");
});

test("a device whose certificate was issued after the backup of a restored control plane recovers, and its numbers go on", async () => {
  await using own = await aDevice();

  assert.equal(await own.admits("serial-of-later"), "refused");
  await assert.rejects(own.renew("serial-of-later", "key-9"), { type: "not-signed-in", message: /recover at/ });
  assert.deepEqual(await own.recover("key-9", `${own.device}#8`).then(({ joinState }) => joinState), `${own.device}#9`);

  assert.equal((await own.look()).identity?.number, 9);
  await assert.rejects(own.recover("key-of-a-copy", `${own.device}#8`), { type: "forbidden", message: /went on/ });
});

test("a state that is renewed for two keys is locked, and an operator is told", async () => {
  await using own = await aDevice();
  await own.renew("serial-1", "key-2");

  await assert.rejects(own.renew("serial-1", "key-of-the-copy"), {
    type: "forbidden",
    message: /split, replace or retire/,
  });

  const { state, quarantineReason } = await own.look();
  assert.equal(state, "quarantined");
  assert.match(quarantineReason ?? "", /certificate 1 was renewed once already/);
  assert.ok((await own.world.eventTypes()).includes("device.doubted"));
  assert.deepEqual(
    (await own.world.call(listWaiting, {})).items.map(({ id }) => id),
    [own.device],
  );
  await assert.rejects(own.renew("serial-2", "key-3"), { type: "forbidden", message: /two hosts seem to hold/ });
  await assert.rejects(own.world.call(releaseDevice, { device: own.device }), { type: "conflict" });
});

test("after a split the original goes on and the copy is refused without a new lock", async () => {
  await using own = await aDevice();
  await own.renew("serial-1", "key-2");
  await assert.rejects(own.renew("serial-1", "key-of-the-copy"));

  const { state } = await own.world.call(splitDevice, { device: own.device });

  assert.equal(state, "active");
  assert.equal((await own.renew("serial-2", "key-3")).joinState, `${own.device}#3`);
  await assert.rejects(own.renew("serial-1", "key-of-the-copy"), {
    type: "forbidden",
    message: /enrol this host anew/,
  });
  await assert.rejects(own.recover("key-of-the-copy", `${own.device}#1`), { message: /enrol this host anew/ });
  assert.equal((await own.look()).state, "active");
});

test("after a replacement who asked last goes on, and the one before is a copy", async () => {
  await using own = await aDevice();
  await own.renew("serial-1", "key-2");
  assert.equal(await own.admits("serial-2"), "admitted");
  await assert.rejects(own.renew("serial-1", "key-of-the-other"));

  await own.world.call(replaceDevice, { device: own.device });

  assert.equal((await own.renew("serial-1", "key-of-the-other")).joinState, `${own.device}#3`);
  assert.equal(await own.admits("serial-2"), "refused");
  await assert.rejects(own.renew("serial-2", "key-3"), { message: /enrol this host anew/ });
  assert.equal((await own.look()).state, "active");
});

test("who asks with a user's rights renews nothing", async () => {
  await using own = await aDevice();

  await assert.rejects(own.world.call(renewAgent, { certificateRequest: "key-2" }, { session: "serial-1" }), {
    type: "forbidden",
    message: /only a device renews/,
  });
});

test("a device that was away until its certificate ended comes back three times in 30 days, and then waits", async () => {
  await using own = await aDevice();
  let joinState = `${own.device}#1`;
  for (let time = 1; time <= 3; time++) {
    const given = await own.recover(`key-${time}0`, joinState);
    joinState = given.joinState ?? "";
  }
  assert.equal(joinState, `${own.device}#4`);

  assert.deepEqual(await own.recover("key-40", joinState), { state: "waiting" });
  assert.deepEqual(await own.recover("key-40", joinState), { state: "waiting" });

  assert.equal((await own.world.eventTypes()).filter((type) => type === "device.waiting").length, 1);
  const [waiting] = (await own.world.call(listWaiting, {})).items;
  assert.equal(waiting?.identity?.waitsFor, "recovery");
  await own.world.call(approveDevice, { device: own.device });
  assert.equal((await own.recover("key-40", joinState)).joinState, `${own.device}#5`);
  assert.deepEqual((await own.world.call(listWaiting, {})).items, []);
});

test("the answer to a recovery that got lost is given again, and locks nobody", async () => {
  await using own = await aDevice();
  const first = await own.recover("key-2", `${own.device}#1`);

  const again = await own.recover("key-2", `${own.device}#1`);

  assert.deepEqual(again, first);
  assert.deepEqual([(await own.look()).state, (await own.look()).identity?.recoveries.length], ["active", 1]);
});

test("a join state that somebody else has gone on from locks the identity", async () => {
  await using own = await aDevice();
  await own.renew("serial-1", "key-2");

  await assert.rejects(own.recover("key-of-the-copy", `${own.device}#1`), { type: "forbidden" });

  assert.match((await own.look()).quarantineReason ?? "", /join state 1 is shown, and 2 was issued/);
});

for (const [title, over] of [
  ["signed with another key", { signer: generateKeyPairSync("ed25519").privateKey }],
  ["of a device that is not there", { device: "nobody" }],
  ["with another device's join state", { joinState: "d9#1" }],
  ["with a join state of somebody else's making", { joinState: "made-up" }],
  ["that took too long", { waits: 2 * MINUTE }],
] as const) {
  test(`a recovery ${title} gets nothing and changes nothing`, async () => {
    await using own = await aDevice();

    await assert.rejects(own.recover("key-2", `${own.device}#1`, over), { type: "forbidden" });

    assert.equal((await own.look()).state, "active");
    assert.equal(await own.admits("serial-1"), "admitted");
  });
}

test("a revoked certificate is refused at once, and its device comes back only when that is approved", async () => {
  await using own = await aDevice();

  await own.world.call(revokeCertificate, { serial: "SERIAL-1" });

  assert.deepEqual(own.world.carrier.disconnected, [{ device: own.device, reason: "its certificate was revoked" }]);
  assert.equal(await own.admits("serial-1"), "refused");
  await assert.rejects(own.renew("serial-1", "key-2"), { type: "not-signed-in", message: /was revoked; recover/ });
  assert.deepEqual(await own.recover("key-2", `${own.device}#1`), { state: "waiting" });
  await own.world.call(approveDevice, { device: own.device });
  assert.equal((await own.recover("key-2", `${own.device}#1`)).state, "issued");
});

test("a retired device hears so, signed and for itself, and gets no certificate by any way", async () => {
  await using own = await aDevice();
  await own.world.call(retireDevice, { device: own.device });

  for (const answer of [await own.renew("serial-1", "key-2"), await own.recover("key-2", `${own.device}#1`)]) {
    assert.deepEqual([answer.state, answer.certificate], ["retired", undefined]);
    const envelope = decode(v1.SignedEnvelope, Buffer.from(answer.head ?? "", "base64"));
    const head = open("syncHead", envelope, trustInSigner);
    assert.deepEqual([head.device, head.retired], [own.device, true]);
  }
});

test("a request that asks for more than its key is told, and gets no more", async () => {
  await using own = await aDevice();

  await own.renew("serial-1", "greedy key");

  assert.ok((await own.world.eventTypes()).includes("device.presumptuous"));
  const { items } = await own.world.call(listCertificates, { device: own.device });
  assert.deepEqual(items[0]?.wishes, ["other names"]);
});
