import assert from "node:assert/strict";
import { test } from "node:test";
import { MINUTE } from "@edgemere/protocol/kit";
import fc from "fast-check";
import type { Token } from "./token-contract.ts";
import { freeName, hashOf, judge, labelled, type Verdict } from "./enrolment.ts";

const NOW = 1_000_000;
const aToken = (over: Partial<Token> = {}): Token => ({
  id: "t1",
  version: 1,
  createdAt: 0,
  updatedAt: 0,
  state: "open",
  uses: 2,
  used: 0,
  expiresAt: NOW + MINUTE,
  labels: {},
  secretHash: hashOf("secret"),
  author: "user:alice",
  ...over,
});
const refused = (why: string): Verdict => ({ kind: "refuse", why: `this enrolment token ${why}` });

for (const [title, token, secret, verdict] of [
  ["an open token enrols", aToken(), "secret", { kind: "enrol" }],
  ["a token that is not there is unknown", undefined, "secret", refused("is unknown")],
  ["no secret opens a token that is not there", undefined, "", refused("is unknown")],
  ["a wrong secret makes a token unknown", aToken(), "guess", refused("is unknown")],
  ["a guess does not learn that a token was revoked", aToken({ state: "revoked" }), "guess", refused("is unknown")],
  ["a token with uses left enrols another key", aToken({ used: 1 }), "secret", { kind: "enrol" }],
  [
    "a token whose uses are gone was used",
    aToken({ state: "used", uses: 1, used: 1 }),
    "secret",
    refused("was used already"),
  ],
  ["a revoked token says so", aToken({ state: "revoked" }), "secret", refused("was revoked")],
  ["an expired token says so", aToken({ state: "expired" }), "secret", refused("has expired")],
  [
    "a token ends at its instant, whoever wrote it down or not",
    aToken({ expiresAt: NOW }),
    "secret",
    refused("has expired"),
  ],
  ["a token is good until just before its end", aToken({ expiresAt: NOW + 1 }), "secret", { kind: "enrol" }],
] as const) {
  test(`of a token and a new key: ${title}`, () => {
    assert.deepEqual(judge(token, { secret, known: undefined }, NOW), verdict);
  });
}

for (const [title, token, verdict] of [
  ["is told again what it got", aToken({ used: 1 }), { kind: "repeat", device: "d1" }],
  ["also when it used the token up", aToken({ state: "used", uses: 1, used: 1 }), { kind: "repeat", device: "d1" }],
  ["but not once the token is revoked", aToken({ state: "revoked" }), refused("was revoked")],
  ["nor when its time is over", aToken({ expiresAt: NOW }), refused("has expired")],
] as const) {
  test(`a key that has used the token ${title}`, () => {
    assert.deepEqual(judge(token, { secret: "secret", known: "d1" }, NOW), verdict);
  });
}

for (const [proposed, taken, name] of [
  ["gw", [], "gw"],
  ["gw", ["gw"], "gw-2"],
  ["gw", ["gw", "gw-2", "gw-3"], "gw-4"],
  ["Raspberry Pi (kitchen)", [], "Raspberry-Pi--kitchen"],
  ["host.example.org", [], "host.example.org"],
  ["../../etc", [], "..-..-etc"],
  ["", [], "device"],
  ["---", ["device"], "device-2"],
  ["ü€", [], "device"],
  ["x".repeat(253), [], "x".repeat(100)],
] as const) {
  test(`a host that proposes "${proposed.slice(0, 30)}" where ${taken.join(", ") || "nothing"} is taken gets "${name.slice(0, 30)}"`, () => {
    assert.equal(
      freeName(proposed, (each) => (taken as readonly string[]).includes(each)),
      name,
    );
  });
}

test("whatever a host proposes, its labels are those of its token and of keys that the token leaves to it, and none is lost", () => {
  const labels = fc.dictionary(fc.constantFrom("site", "role", "rack", "constructor"), fc.string({ maxLength: 3 }));
  const keys = fc.uniqueArray(fc.constantFrom<string>("site", "role", "rack", "toString"));
  fc.assert(
    fc.property(labels, labels, keys, (said, given, hostLabels) => {
      const { labels: counted, proposedLabels = {} } = labelled(said, { labels: given, hostLabels });

      for (const [key, value] of Object.entries(counted))
        assert.equal(value, Object.hasOwn(given, key) ? given[key] : hostLabels.includes(key) && said[key]);
      for (const key of Object.keys(given)) assert.equal(counted[key], given[key]);
      const open = Object.keys(said).filter((key) => !Object.hasOwn(given, key));
      assert.deepEqual(
        open.filter((key) => !Object.hasOwn(counted, key)).toSorted(),
        Object.keys(proposedLabels).toSorted(),
      );
    }),
  );
});
