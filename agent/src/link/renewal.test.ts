import assert from "node:assert/strict";
import { createPublicKey, verify } from "node:crypto";
import { test } from "node:test";
import { open, recoveryStatement, seal, trustIn, v1 } from "@edgemere/protocol";
import { HOUR, MINUTE, SECOND, silentLog } from "@edgemere/protocol/kit";
import { ManualClock, seededRandom, SimulatedDisk } from "@edgemere/protocol/simulated";
import { publicKeyOf } from "./certificates.test-support.ts";
import { DEVICE, keyring, signingKey } from "./control-plane.test-support.ts";
import { EnrolmentFailed } from "./enrol-failed.ts";
import { IdentitySlots } from "./identity-slots.ts";
import { anIdentity, certifiedFor } from "./identity.test-support.ts";
import { Renewal, spanOf } from "./renewal.ts";

interface Asked {
  readonly path: string;
  readonly body: Readonly<Record<string, string>>;
  readonly isKnown: boolean;
}
type Reply = (asked: Asked) => { readonly status: number; readonly body: object };

const issues: Reply = ({ body }) => ({
  status: 200,
  body: { state: "issued", ...certifiedFor(publicKeyOf(body["certificateRequest"] ?? "")) },
});
const refuses: Reply = () => ({ status: 403, body: { detail: "not today" } });
const headSaying = (head: object) =>
  Buffer.from(
    v1.SignedEnvelope.encode(seal("syncHead", { device: DEVICE, asOfMs: 1, ...head }, signingKey)).finish(),
  ).toString("base64");

/** The renewal of an identity whose certificate holds in these years; it is 2026. */
async function aRenewal(
  years: readonly [number, number],
  replies: Readonly<Record<string, Reply>> = { renew: issues },
) {
  const clock = new ManualClock();
  const identity = anIdentity(years);
  const slots = await IdentitySlots.open(new SimulatedDisk(), identity);
  const world = { asked: [] as Asked[], replies, renewed: 0, retired: 0 };
  const renewal = new Renewal({
    env: { clock, random: seededRandom(1), disk: new SimulatedDisk(), log: silentLog },
    slots,
    ask: async ({ address, body, own }) => {
      const path = new URL(address).pathname.split("/").at(-1) ?? "";
      const asked = { path, body: body as Asked["body"], isKnown: own !== undefined };
      world.asked.push(asked);
      const reply = world.replies[path];
      if (reply === undefined) throw new EnrolmentFailed("unreachable", "nobody is there");
      const { status, body: answer } = reply(asked);
      return { status, text: JSON.stringify(answer) };
    },
    openHead: (head) =>
      open(
        "syncHead",
        head,
        trustIn(keyring, () => clock.now()),
      ),
    time: {
      correctedNow: () => clock.now(),
      trustedTime: () => ({ isSystemClockUsable: true, earliest: clock.now(), latest: clock.now() }),
    },
    onRenewed: () => world.renewed++,
    onRetired: () => world.retired++,
  });
  renewal.start();
  await clock.advance(0);
  const paths = () => world.asked.map(({ path }) => path);
  return { world, clock, identity, slots, renewal, paths, [Symbol.asyncDispose]: () => renewal[Symbol.asyncDispose]() };
}
const YOUNG = [2025, 2099] as const;
const DUE = [1990, 2030] as const;
const ENDED = [2020, 2024] as const;

test("a young certificate is left alone", async () => {
  await using own = await aRenewal(YOUNG);
  await own.clock.advance(MINUTE);

  assert.deepEqual(own.paths(), []);
  assert.deepEqual(own.renewal.conditions(), []);
});

test("one that is due is renewed with itself for a new key, and a connection is made with the new one", async () => {
  await using own = await aRenewal(DUE);

  assert.deepEqual(
    own.world.asked.map(({ path, isKnown }) => [path, isKnown]),
    [["renew", true]],
  );
  assert.equal(own.world.renewed, 1);
  assert.notEqual(own.slots.newest.key, own.identity.key);
  assert.equal(own.slots.newest.joinState, "a newer state");
  assert.equal(own.slots.current.key, own.identity.key, "until the new one has worked");
  own.slots.forConnection();
  await own.renewal.established();
  assert.notEqual(own.slots.current.key, own.identity.key);
});

test("the moment is drawn from the certificate: two thirds of its life, give or take a tenth", () => {
  for (let each = 0; each < 20; each++) {
    const { certificate } = anIdentity([2020, 2029]);
    const { renewAt, until, life } = spanOf(certificate);
    const share = 1 - (until - renewAt) / life;
    assert.ok(share >= 2 / 3 - 0.1 && share <= 2 / 3 + 0.1, `${share}`);
    assert.deepEqual(spanOf(certificate), { renewAt, until, life });
  }
});

for (const [title, years, replies] of [
  ["that has ended", ENDED, { recover: issues }],
  ["that the control plane calls ended", DUE, { renew: () => ({ status: 401, body: {} }), recover: issues }],
] as const) {
  test(`a certificate ${title} is recovered by a challenge that the message key signs, with the join state`, async () => {
    const challenge: Reply = () => ({ status: 200, body: { challenge: "c1" } });
    await using own = await aRenewal(years, { challenge, ...replies });

    const asked = own.world.asked.at(-1);
    assert.ok(asked);
    const { body, isKnown } = asked;
    const { device = "", certificateRequest = "", joinState = "", signature = "" } = body;
    assert.deepEqual([device, body["challenge"], joinState, isKnown], [DEVICE, "c1", "the first state", false]);
    const said = recoveryStatement({ device, challenge: "c1", certificateRequest, joinState });
    const key = createPublicKey(own.identity.messageKey);
    assert.ok(verify(null, said, key, Buffer.from(signature, "base64")));
    assert.equal(own.world.renewed, 1);
  });
}

for (const [title, replies] of [
  ["refused", { renew: refuses }],
  ["not answered", {}],
  [
    "answered with a certificate for another key",
    { renew: () => ({ status: 200, body: { state: "issued", ...certifiedFor(publicKeyOfAnother()) } }) },
  ],
  ["answered with nothing of use", { renew: () => ({ status: 200, body: { state: "issued" } }) }],
] as const) {
  test(`a renewal that is ${title} is told, is tried again with the same key, and takes nothing away`, async () => {
    await using own = await aRenewal(DUE, replies);
    assert.deepEqual(own.renewal.conditions(), ["renewal-failing"]);
    assert.match(own.renewal.status().failure ?? "", /\w/);
    assert.equal(own.slots.newest.key, own.identity.key);

    own.world.replies = { renew: issues };
    await own.clock.advance(2 * HOUR);

    const [first, ...others] = own.world.asked.map(({ body }) =>
      publicKeyOf(body["certificateRequest"] ?? "").toString("hex"),
    );
    assert.ok(others.length > 0 && others.every((each) => each === first));
    assert.deepEqual(own.renewal.conditions(), []);
    assert.equal(own.world.renewed, 1);
  });
}

function publicKeyOfAnother(): Uint8Array {
  return createPublicKey(anIdentity().key).export({ format: "der", type: "spki" });
}

test("while an operator has to approve it the same key asks again, and the wait is told", async () => {
  const challenge: Reply = () => ({ status: 200, body: { challenge: "c1" } });
  await using own = await aRenewal(ENDED, { challenge, recover: () => ({ status: 200, body: { state: "waiting" } }) });
  assert.deepEqual(own.renewal.conditions(), ["certificate-expired", "waits-for-approval"]);

  own.world.replies = { challenge, recover: issues };
  await own.clock.advance(2 * HOUR);

  assert.deepEqual(own.renewal.conditions(), []);
  assert.equal(own.world.renewed, 1);
});

test("what an earlier run has asked for is asked for again, because it may have been issued", async () => {
  await using own = await aRenewal(YOUNG, {});
  await own.slots.nextKey();

  own.world.replies = { renew: issues };
  await own.clock.advance(MINUTE);

  assert.equal(own.world.renewed, 1);
});

test("whoever is refused by the broker asks at once, and then ever more rarely", async () => {
  await using own = await aRenewal(YOUNG, { renew: refuses });

  for (let minute = 0; minute < 90; minute++) {
    own.renewal.refused();
    await own.clock.advance(MINUTE);
  }

  assert.ok(own.paths().length >= 2 && own.paths().length <= 10, `${own.paths().length} questions`);
});

test("a demand for a new certificate is met whatever the age of this one", async () => {
  await using own = await aRenewal(YOUNG);

  own.renewal.demanded();
  await own.clock.advance(SECOND);

  assert.deepEqual(own.paths(), ["renew"]);
  assert.equal(own.world.renewed, 1);
});

for (const [title, head, retired] of [
  ["for this device retires it", headSaying({ retired: true }), 1],
  ["for another device does not", headSaying({ device: "device-2", retired: true }), 0],
  ["that says nothing of it does not", headSaying({}), 0],
  ["that nobody signed does not", Buffer.from("made up").toString("base64"), 0],
] as const) {
  test(`a head ${title}`, async () => {
    await using own = await aRenewal(DUE, { renew: () => ({ status: 200, body: { state: "retired", head } }) });

    assert.equal(own.world.retired, retired);
    assert.equal(own.slots.current.key, own.identity.key);
  });
}
