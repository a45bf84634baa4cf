import assert from "node:assert/strict";
import test from "node:test";
import { seededRandom } from "@edgemere/protocol/simulated";
import { QUICK } from "./identity.test-support.ts";
import { createPasswords } from "./passwords.ts";

test("a password is known again by its hash, and no other is", async () => {
  const passwords = createPasswords(seededRandom(1), QUICK);
  const hash = await passwords.hash("correct horse battery");

  assert.equal(await passwords.verify("correct horse battery", hash), true);
  assert.equal(await passwords.verify("correct horse batterz", hash), false);
  assert.equal(await passwords.verify("anything", undefined), false);
});

test("the same password has another hash each time", async () => {
  const passwords = createPasswords(seededRandom(1), QUICK);

  assert.notEqual(await passwords.hash("correct horse battery"), await passwords.hash("correct horse battery"));
});

test("a hash keeps its cost: it is checked at that cost after the cost was raised", async () => {
  const hash = await createPasswords(seededRandom(1), QUICK).hash("correct horse battery");

  assert.equal(await createPasswords(seededRandom(2)).verify("correct horse battery", hash), true);
  assert.match(hash, /^scrypt\$2\$8\$1\$/);
});

test("a letter and its accent typed apart are the letter with the accent", async () => {
  const passwords = createPasswords(seededRandom(1), QUICK);

  assert.equal(await passwords.verify("cafe\u0301 au lait!", await passwords.hash("caf\u00e9 au lait!")), true);
});

test("more hashes at once than may wait are refused, the others are made", async () => {
  const passwords = createPasswords(seededRandom(1), QUICK);

  const outcomes = await Promise.allSettled(Array.from({ length: 40 }, async () => passwords.hash("a password")));

  assert.equal(outcomes.filter(({ status }) => status === "fulfilled").length, 22);
  assert.equal(await passwords.verify("a password", await passwords.hash("a password")), true);
});
