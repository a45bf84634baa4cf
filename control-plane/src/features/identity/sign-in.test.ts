import assert from "node:assert/strict";
import test from "node:test";
import { DAY, HOUR, MINUTE, SECOND } from "@edgemere/protocol/kit";
import { createUser, disableUser, readStatus, signOut, whoAmI } from "./contract.ts";
import { PASSWORD, startIdentity } from "./identity.test-support.ts";
import { pauseAfter } from "./sign-in-attempts.ts";

test("name and password give a session that says who asks", async () => {
  const { ask, as, setUp, signIn } = await startIdentity();
  await setUp();

  const caller = await as(await signIn("alice"));

  assert.deepEqual(await ask(whoAmI, {}, caller), {
    actor: "user:alice",
    permissions: ["*"],
    limited: [],
    proof: "password",
  });
});

test("a wrong password and an unknown name get the same answer", async () => {
  const { setUp, signIn } = await startIdentity();
  await setUp();

  const refusal = { type: "not-signed-in", message: "name or password is wrong" };
  await assert.rejects(signIn("alice", "not the password"), refusal);
  await assert.rejects(signIn("nobody-of-this-name"), refusal);
});

test("a disabled account does not sign in, and is told no more than a stranger", async () => {
  const { ask, setUp, signIn } = await startIdentity();
  const owner = await setUp();
  await ask(createUser, { name: "bob", password: PASSWORD, roles: ["viewer"] }, owner);
  await ask(disableUser, { user: "bob" }, owner);

  await assert.rejects(signIn("bob"), { type: "not-signed-in", message: "name or password is wrong" });
});

test("after five failed tries each next one must wait longer", async () => {
  const { clock, setUp, signIn } = await startIdentity();
  await setUp();
  await Promise.allSettled(Array.from({ length: 5 }, async () => signIn("alice", "wrong", "10.0.0.1")));

  await assert.rejects(signIn("alice", PASSWORD, "10.0.0.1"), { type: "too-many-requests", retryAfter: 1 });
  await clock.advance(SECOND);
  assert.equal((await signIn("alice", PASSWORD, "10.0.0.1")).user, "alice");
  assert.deepEqual([4, 5, 6, 7, 40].map(pauseAfter), [0, SECOND, 2 * SECOND, 4 * SECOND, 15 * MINUTE]);
});

test("tries that come at the same moment are all counted", async () => {
  const { setUp, signIn } = await startIdentity();
  await setUp();

  const outcomes = await Promise.allSettled(
    Array.from({ length: 8 }, async () => signIn("alice", "wrong", "10.0.0.1")),
  );

  const types = outcomes.map((each) => (each as { reason: { type: string } }).reason.type);
  assert.equal(types.filter((type) => type === "too-many-requests").length, 3);
});

test("who guesses from one address does not lock the owner out at another", async () => {
  const { setUp, signIn } = await startIdentity();
  await setUp();
  await Promise.allSettled(Array.from({ length: 9 }, async () => signIn("alice", "wrong", "10.0.0.1")));

  assert.equal((await signIn("alice", PASSWORD, "10.0.0.2")).user, "alice");
});

test("a good sign-in forgets the failed tries before it", async () => {
  const { setUp, signIn } = await startIdentity();
  await setUp();
  await Promise.allSettled(Array.from({ length: 4 }, async () => signIn("alice", "wrong")));
  await signIn("alice");

  const outcomes = await Promise.allSettled(Array.from({ length: 4 }, async () => signIn("alice", "wrong")));

  assert.ok(outcomes.every((each) => (each as { reason: { type: string } }).reason.type === "not-signed-in"));
});

test("signing out ends the session at once", async () => {
  const { ask, as, setUp, signIn } = await startIdentity();
  await setUp();
  const session = await signIn("alice");

  assert.deepEqual(await ask(signOut, {}, await as(session)), { ended: true });

  assert.equal((await as(session)).actor, "nobody");
});

test("a session that is used goes on, one that is not ends after twelve hours", async () => {
  const { as, clock, setUp, signIn } = await startIdentity();
  await setUp();
  const used = await signIn("alice");
  const idle = await signIn("alice");

  await clock.advance(11 * HOUR);
  await as(used);
  await clock.advance(2 * HOUR);

  assert.equal((await as(used)).actor, "user:alice");
  assert.equal((await as(idle)).actor, "nobody");
});

test("no session lives longer than seven days, however much it is used", async () => {
  const { as, clock, setUp, signIn } = await startIdentity();
  await setUp();
  const session = await signIn("alice");

  for (let hours = 0; hours < 7 * 24; hours += 6) {
    assert.equal((await as(session)).actor, "user:alice");
    await clock.advance(6 * HOUR);
  }

  assert.equal(7 * DAY, 28 * 6 * HOUR);
  assert.equal((await as(session)).actor, "nobody");
});

test("anyone may ask whether there is an account yet", async () => {
  const { ask, setUp } = await startIdentity();

  assert.deepEqual(await ask(readStatus, {}), { isSetUp: false, version: "0.0.0", hasSingleSignOn: false });
  await setUp();
  assert.deepEqual(await ask(readStatus, {}), { isSetUp: true, version: "0.0.0", hasSingleSignOn: false });
});
