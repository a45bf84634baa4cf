import assert from "node:assert/strict";
import { test } from "node:test";
import { DAY } from "@edgemere/protocol/kit";
import {
  identityOf,
  judgeRecovery,
  judgeRenewal,
  objectionTo,
  type IdentityLife,
  type Standing,
} from "./certificate-life.ts";
import type { Device } from "./contract.ts";

const NOW = 100 * DAY;
const aCertificate = (number: number, over: Partial<Standing> = {}): Standing => ({
  id: `s${number}`,
  number,
  keyHash: `key-${number}`,
  state: "current",
  notAfter: NOW + DAY,
  ...over,
});
const row = (identity: Partial<IdentityLife> = {}, state: Device["state"] = "active") => ({
  state,
  identity: { ...identityOf({}), number: 5, ...identity },
});
const newest = aCertificate(5);
const former = aCertificate(4);

for (const [title, over, kind] of [
  ["the newest certificate is renewed for a new key", {}, "issue"],
  ["but not for the key it has", { keyHash: "key-5" }, "refuse"],
  [
    "the former one asks again for the key of the newest: the answer got lost",
    { shown: former, keyHash: "key-5" },
    "repeat",
  ],
  [
    "also when the newest has ended meanwhile, with a new one",
    { shown: former, keyHash: "key-5", newest: aCertificate(5, { notAfter: NOW }) },
    "issue",
  ],
  ["the former one for another key: two hold it", { shown: former }, "lock"],
  ["so do an older one's holder and the newest's", { shown: aCertificate(2) }, "lock"],
  ["of a copy that was split off nothing more is made", { shown: former, row: row({ copiesUpTo: 4 }) }, "refuse"],
  [
    "after a split of two that hold the newest, the first to renew it is the original",
    { row: row({ copiesUpTo: 5 }) },
    "issue",
  ],
  ["while two are suspected nobody gets anything", { row: row({ doubt: "two" }, "quarantined") }, "refuse"],
  ["but for the key that an operator has approved", { shown: former, row: row({ approvedKey: "new" }) }, "issue"],
  ["in quarantine for other reasons a device keeps its identity", { row: row({}, "quarantined") }, "issue"],
  ["a revoked one is good for nothing", { shown: aCertificate(5, { state: "revoked" }) }, "expired"],
  ["nor is one that has ended", { shown: aCertificate(5, { notAfter: NOW }) }, "expired"],
  ["a retired device is told so", { row: row({}, "retired") }, "retired"],
] as const) {
  test(`of a renewal: ${title}`, () => {
    const asked = { row: row(), newest, shown: newest, keyHash: "new", now: NOW, ...over };

    assert.equal(judgeRenewal(asked).kind, kind);
  });
}

const often = [1, 2, 3].map((days) => NOW - days * DAY);
for (const [title, over, kind] of [
  ["who knows the newest number comes back", {}, "issue"],
  ["an older number says that somebody else went on", { number: 4 }, "lock"],
  ["but not with the key of the newest: its answer got lost", { number: 4, keyHash: "key-5" }, "repeat"],
  [
    "also when that has ended since",
    { number: 4, keyHash: "key-5", newest: aCertificate(5, { notAfter: NOW }) },
    "issue",
  ],
  ["a higher number says that this control plane was restored", { number: 9 }, "issue"],
  ["of a copy that was split off nothing comes back", { number: 4, row: row({ copiesUpTo: 4 }) }, "refuse"],
  ["a fourth time within 30 days waits", { row: row({ recoveries: often }) }, "wait"],
  ["until its key is approved", { row: row({ recoveries: often, approvedKey: "new" }) }, "issue"],
  ["what is longer ago does not count", { row: row({ recoveries: often.map((at) => at - 30 * DAY) }) }, "issue"],
  ["a revoked one waits", { newest: aCertificate(5, { state: "revoked" }) }, "wait"],
  ["also with the key that was revoked", { newest: aCertificate(5, { state: "revoked" }), keyHash: "key-5" }, "wait"],
  ["while two are suspected nobody gets anything", { row: row({ doubt: "two" }, "quarantined") }, "refuse"],
  ["a retired device is told so", { row: row({}, "retired"), number: 4 }, "retired"],
] as const) {
  test(`of a recovery: ${title}`, () => {
    const asked = { row: row(), newest, number: 5, keyHash: "new", now: NOW, ...over };

    assert.equal(judgeRecovery(asked).kind, kind);
  });
}

for (const [title, over, objection] of [
  ["one in use is good", {}, undefined],
  ["one that was never used is, too", { state: "issued" }, undefined],
  ["a former one is good for a while", { acceptedUntil: NOW + 1 }, undefined],
  ["and then it was replaced", { acceptedUntil: NOW }, "the certificate was replaced"],
  ["a superseded one was replaced", { state: "superseded" }, "the certificate was replaced"],
  ["a revoked one was revoked", { state: "revoked" }, "the certificate was revoked"],
  ["one that has ended has expired", { notAfter: NOW }, "the certificate has expired"],
] as const) {
  test(`of a certificate that connects: ${title}`, () => {
    const shown = { state: "current", acceptedUntil: 0, notAfter: NOW + DAY, ...over } as const;

    assert.equal(objectionTo(shown, NOW), objection);
  });
}
