import assert from "node:assert/strict";
import { test } from "node:test";
import { keyIdOf, pack, privateKeyFromSeed, publicKeyBytes, seal, type SigningKey } from "@edgemere/protocol";
import { auditHeads } from "../../platform/audit-heads.ts";
import { created } from "../../platform/change.ts";
import { device } from "../devices/contract.ts";
import { startAuditing } from "./audit.test-support.ts";
import { verifyAudit } from "./contract.ts";

const keyOf = (seed: number): SigningKey => {
  const privateKey = privateKeyFromSeed(new Uint8Array(32).fill(seed));
  return { keyId: keyIdOf(privateKey), privateKey };
};

/** A signed log of one entry, and a device that says hello with a head countersigned by a key. */
async function witnessed(generation: number, key: SigningKey) {
  const core = await startAuditing();
  const messageKey = Buffer.from(publicKeyBytes(keyOf(1).privateKey)).toString("base64");
  const agent = { version: "", bootId: "", capabilities: [], lastExitReason: "", clockOffset: 0 };
  const rest = { labels: {}, presenceAt: 0, sessionEpoch: 0, agent, inventory: {}, machineId: "", messageKey };
  const draft = { name: "d1", presence: "offline", certificate: { serial: "", notAfter: 0 }, ...rest } as const;
  await core.store.commit(created(device, "d1", draft, "active"));
  await core.record("a");
  await core.comesRound();
  const [head] = (await core.store.list(auditHeads)).items;
  assert.ok(head);
  const said = { number: head.number, hash: Buffer.from(head.hash, "hex"), atMs: head.at, generation };
  const auditHead = seal("auditCountersignature", said, key);
  await core.arrived("d1", pack("hello", { device: "d1" }, { bootId: "b", sessionEpoch: 1, auditHead }));
  await core.settle();
  return core;
}

test("a head that a device has countersigned is a witness of the log", async () => {
  await using core = await witnessed(1, keyOf(1));

  assert.equal((await core.call(verifyAudit, {})).witnesses, 1);
});

test("a head that another key has countersigned is none, and keeps no device out", async () => {
  await using core = await witnessed(1, keyOf(2));

  assert.equal((await core.call(verifyAudit, {})).witnesses, 0);
  assert.equal(core.link.session("d1")?.device, "d1");
});

test("a log that tells another past than a device has countersigned is alarming, whatever the device countersigns later", async () => {
  await using core = await witnessed(1, keyOf(1));
  const [head] = (await core.store.list(auditHeads)).items;
  assert.ok(head);
  const hello = async (hash: string, sessionEpoch: number) => {
    const said = { number: 1, hash: Buffer.from(hash, "hex"), atMs: head.at, generation: 1 };
    const auditHead = seal("auditCountersignature", said, keyOf(1));
    await core.arrived("d1", pack("hello", { device: "d1" }, { bootId: "b", sessionEpoch, auditHead }));
    await core.settle();
  };
  assert.deepEqual(core.alarms, []);

  await hello("ab".repeat(32), 2);
  await hello(head.hash, 3);

  assert.deepEqual(core.alarms, ["alarm", "alarm"]);
  const { faults, witnesses } = await core.call(verifyAudit, {});
  assert.equal(witnesses, 0);
  assert.match(faults[0]?.detail ?? "", /the device d1 has countersigned/);
});

test("a head from another life is none", async () => {
  await using core = await witnessed(7, keyOf(1));

  assert.equal((await core.call(verifyAudit, {})).witnesses, 0);
});

test("a device that is connected hears where the log stands, and is asked to say hello when that is news", async () => {
  await using core = await witnessed(1, keyOf(1));
  const asked = () => core.carrier.messages("sync").filter(({ sessionEpoch }) => sessionEpoch === 0).length;
  const before = asked();

  await core.record("b");
  await core.comesRound();
  await core.comesRound();

  assert.equal(asked(), before + 1);
  assert.equal((await core.copied()).at(-1), "head 2 of 1");
});
