import assert from "node:assert/strict";
import { createPublicKey } from "node:crypto";
import { test } from "node:test";
import { open, privateKeyFromSeed, trustOnly } from "@edgemere/protocol";
import { silentLog } from "@edgemere/protocol/kit";
import { SimulatedDisk } from "@edgemere/protocol/simulated";
import { AuditWitness, judge, type AuditHead } from "./audit-witness.ts";

const hashOf = (letter: string) => letter.repeat(64);
const aHead = (number: number, over: Partial<AuditHead> = {}): AuditHead => ({
  number,
  hash: hashOf("a"),
  atMs: number * 1_000,
  generation: 1,
  ...over,
});
const kept = [aHead(3), aHead(7)];

for (const [what, head, expected] of [
  ["goes on", aHead(8), "newer"],
  ["is the first of another life, further back", aHead(2, { generation: 2 }), "newer"],
  ["was heard before", aHead(7), "known"],
  ["was heard before the last", aHead(3), "known"],
  ["has another hash for the same number", aHead(7, { hash: hashOf("b") }), "contradicts"],
  ["has another hash for an earlier number", aHead(3, { hash: hashOf("b"), atMs: 9_000 }), "contradicts"],
  ["goes back", aHead(5, { atMs: 8_000 }), "contradicts"],
  ["was under way for long", aHead(5), "older"],
] as const) {
  test(`a head that ${what} is ${expected}`, () => {
    assert.equal(judge(kept, head), expected);
  });
}

const privateKey = privateKeyFromSeed(new Uint8Array(32).fill(3));
const said = ({ hash, ...head }: AuditHead) => ({ ...head, hash: Buffer.from(hash, "hex") });
const aWitness = (disk = new SimulatedDisk(), trustDomain = "t1") =>
  AuditWitness.open({ disk, log: silentLog, trustDomain, key: () => ({ keyId: "message", privateKey }) });
const numberIn = (witness: AuditWitness) => {
  const envelope = witness.countersigned();
  return (
    envelope &&
    open("auditCountersignature", envelope, trustOnly("device", "message", createPublicKey(privateKey))).number
  );
};

test("the newest head is countersigned, also after a restart", async () => {
  const disk = new SimulatedDisk();
  const witness = await aWitness(disk);
  assert.equal(numberIn(witness), undefined);

  for (const number of [3, 7]) await witness.hear(said(aHead(number)));

  assert.equal(numberIn(witness), 7);
  assert.equal(numberIn(await aWitness(disk)), 7);
});

test("what another control plane said before the host was enrolled here is no witness against this one", async () => {
  const disk = new SimulatedDisk();
  await (await aWitness(disk)).hear(said(aHead(7)));

  const witness = await aWitness(disk, "t2");
  assert.equal(numberIn(witness), undefined);
  await witness.hear(said(aHead(3, { hash: hashOf("b"), atMs: 9_000 })));

  assert.deepEqual(witness.conditions(), []);
  assert.equal(numberIn(await aWitness(disk, "t2")), 3);
});

test("a log that was written anew is told for as long as this life lasts, and never countersigned", async () => {
  const disk = new SimulatedDisk();
  const witness = await aWitness(disk);
  await witness.hear(said(aHead(7)));

  await witness.hear(said(aHead(5, { atMs: 9_000 })));

  assert.deepEqual([witness.conditions(), numberIn(witness)], [["audit-rewritten"], 7]);
  assert.deepEqual((await aWitness(disk)).conditions(), ["audit-rewritten"]);
  await witness.hear(said(aHead(9)));
  assert.deepEqual(witness.conditions(), ["audit-rewritten"]);
  await witness.hear(said(aHead(2, { generation: 2 })));
  assert.deepEqual([witness.conditions(), numberIn(witness)], [[], 2]);
});

test("a file that cannot be read is a beginning", async () => {
  const disk = new SimulatedDisk();
  await disk.write("audit-heads", Buffer.from("{"));

  assert.equal(numberIn(await aWitness(disk)), undefined);
});
