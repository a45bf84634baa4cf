import assert from "node:assert/strict";
import { createPublicKey } from "node:crypto";
import { test } from "node:test";
import { pack, privateKeyFromSeed, seal, trustOnly, v1, type SigningKey } from "@edgemere/protocol";
import { aLink, acknowledged, device } from "./link.test-support.ts";

const keyOf = (seed: number): SigningKey => ({
  keyId: "own",
  privateKey: privateKeyFromSeed(new Uint8Array(32).fill(seed)),
});
const own = keyOf(1);
const trust = trustOnly("device", own.keyId, createPublicKey(own.privateKey));
const Phase = v1.CommandPhase;
const succeeded = { command: "c1", phase: Phase.COMMAND_PHASE_SUCCEEDED, finishedAtMs: 1 };

/** A device says this in its stream of results; what the link makes of it. */
async function afterSaying(body: v1.Record.$Properties, isRequired = true) {
  const world = await aLink({}, undefined, { messageKey: { trust, isRequired } });
  await world.hello();
  const { topic, payload } = pack(
    "result",
    { device },
    { sessionEpoch: 1, firstUnacknowledged: 1, records: [{ sequence: 1, atMs: 1, ...body }] },
  );
  await world.say(topic, payload);
  const [result] = await world.link.accounts(device).then((all) => all.filter(({ stream }) => stream === "result"));
  return {
    received: world.results,
    refusals: world.link.refusals(device),
    alarms: world.alarms.map(({ kind, reason }) => `${kind} ${reason.split(":")[0] ?? ""}`),
    explained: result?.explained,
    acks: world.carrier.messages("ack").map(({ acknowledgements }) => acknowledged(acknowledgements)["result"]),
  };
}
const changed = (envelope: v1.SignedEnvelope.$Shape): v1.SignedEnvelope.$Shape => {
  const failed = v1.CommandReport.encode({ ...succeeded, phase: Phase.COMMAND_PHASE_FAILED }).finish();
  return { ...envelope, payload: failed };
};

test("the end of a command that its device signed is taken as it came", async () => {
  const { received, refusals, alarms } = await afterSaying({ signedReport: seal("result", succeeded, own) });

  assert.deepEqual(received, [["signedReport", "", 0]]);
  assert.deepEqual([refusals, alarms], [{}, []]);
});

const forgeries: readonly (readonly [what: string, body: v1.Record.$Properties, reason: string])[] = [
  ["that is not signed", { commandReport: succeeded }, "unsigned"],
  [
    "that somebody else signed",
    { signedReport: seal("result", succeeded, { ...keyOf(2), keyId: "mallory" }) },
    "unknown-key",
  ],
  [
    "that somebody signed under the device's name",
    { signedReport: seal("result", succeeded, keyOf(2)) },
    "bad-signature",
  ],
  ["that was changed on its way", { signedReport: changed(seal("result", succeeded, own)) }, "bad-signature"],
  [
    "with its signatures taken off",
    { signedReport: { ...seal("result", succeeded, own), signatures: [] } },
    "unknown-key",
  ],
  ["that is signed as something else", { signedReport: seal("syncHead", { device: "d1" }, own) }, "wrong-body"],
];
for (const [what, body, reason] of forgeries) {
  test(`the end of a command ${what} is refused, counted, explained and told`, async () => {
    const { received, refusals, alarms, explained, acks } = await afterSaying(body);

    assert.deepEqual(received, [["gap", "", 0]]);
    assert.deepEqual([refusals, explained, acks], [{ [reason]: 1 }, { refused: 1 }, [1]]);
    assert.deepEqual(alarms, [`unproved-result ${reason}`]);
  });
}

test("what a device says on the way to an end needs no signature: it ends nothing", async () => {
  const { received, refusals } = await afterSaying({
    commandReport: { command: "c1", phase: Phase.COMMAND_PHASE_RUNNING },
  });

  assert.deepEqual([received, refusals], [[["commandReport", "c1", Phase.COMMAND_PHASE_RUNNING]], {}]);
});

test("a device whose agent is too old to sign is believed as before", async () => {
  const { received, alarms } = await afterSaying({ commandReport: succeeded }, false);

  assert.deepEqual([received, alarms], [[["commandReport", "c1", Phase.COMMAND_PHASE_SUCCEEDED]], []]);
});
