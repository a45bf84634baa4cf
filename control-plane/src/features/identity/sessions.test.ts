import assert from "node:assert/strict";
import { test } from "node:test";
import { DAY } from "@edgemere/protocol/kit";
import {
  changePassword,
  createApiToken,
  createUser,
  endSessions,
  listOwnSessions,
  resetPassword,
  stepUp,
  useResetCode,
} from "./contract.ts";
import { PASSWORD, startIdentity } from "./identity.test-support.ts";

const NEW = "another long password";

async function withBob() {
  const identity = await startIdentity();
  const owner = await identity.setUp();
  await identity.ask(createUser, { name: "bob", password: PASSWORD, roles: ["viewer"] }, owner);
  const session = await identity.signIn("bob", PASSWORD, "192.0.2.7");
  return { ...identity, owner, session, bob: await identity.as(session) };
}

test("somebody sees the own sessions, and ends another one or all", async () => {
  const { ask, as, bob, signIn, identify } = await withBob();
  const other = await signIn("bob");

  const { items, total } = await ask(listOwnSessions, {}, bob);
  assert.deepEqual([items.map(({ isThis }) => isThis), items[1]?.address, total], [[false, true], "192.0.2.7", 2]);

  assert.deepEqual(await ask(endSessions, { id: items[0]?.id ?? "" }, bob), { ended: 1 });
  assert.equal(await identify(other.token ?? ""), undefined);
  assert.deepEqual(await ask(endSessions, {}, await as(await signIn("bob"))), { ended: 2 });
});

test("other people's sessions are for who looks after accounts", async () => {
  const { ask, bob, owner } = await withBob();

  await assert.rejects(ask(listOwnSessions, { user: "alice" }, bob), { type: "forbidden" });
  await assert.rejects(ask(endSessions, { user: "alice" }, bob), { type: "forbidden" });
  await assert.rejects(ask(endSessions, { id: owner.session ?? "" }, bob), { type: "not-found" });
  assert.deepEqual(await ask(endSessions, { user: "bob" }, owner), { ended: 1 });
});

test("a changed password ends every other session, and the old one opens nothing", async () => {
  const { ask, bob, signIn, identify, session } = await withBob();
  const other = await signIn("bob");

  await assert.rejects(ask(changePassword, { password: "not the password", newPassword: NEW }, bob), {
    type: "forbidden",
  });
  assert.deepEqual(await ask(changePassword, { password: PASSWORD, newPassword: NEW }, bob), { ended: 1 });

  assert.equal(await identify(other.token ?? ""), undefined);
  assert.notEqual(await identify(session.token ?? ""), undefined);
  await assert.rejects(signIn("bob"), { type: "not-signed-in" });
  await signIn("bob", NEW);
});

test("a forgotten password is set anew with a code, once and within a day, and ends all sessions", async () => {
  const { ask, owner, signIn, identify, session, clock } = await withBob();
  const { code } = await ask(resetPassword, { user: "bob" }, owner);

  await assert.rejects(ask(useResetCode, { name: "bob", code: "WRONG", password: NEW }), { type: "forbidden" });
  await assert.rejects(ask(useResetCode, { name: "alice", code, password: NEW }), { type: "forbidden" });
  assert.deepEqual(await ask(useResetCode, { name: "bob", code: code.toLowerCase(), password: NEW }), { ended: 1 });
  await assert.rejects(ask(useResetCode, { name: "bob", code, password: PASSWORD }), { type: "forbidden" });

  assert.equal(await identify(session.token ?? ""), undefined);
  await signIn("bob", NEW);
  const late = await ask(resetPassword, { user: "bob" }, owner);
  await clock.advance(DAY);
  await assert.rejects(ask(useResetCode, { name: "bob", code: late.code, password: PASSWORD }), { type: "forbidden" });
});

test("proving again who one is makes the session fresh; guesses are counted, and a token has no password", async () => {
  const { ask, as, session, bob, clock, owner } = await withBob();
  await clock.advance(60_000);

  await ask(stepUp, { password: PASSWORD }, bob);
  assert.equal((await as(session)).provedAt, clock.now());

  for (let tries = 0; tries < 5; tries++)
    await assert.rejects(ask(stepUp, { password: "a guess at it" }, bob), { type: "forbidden" });
  await assert.rejects(ask(stepUp, { password: PASSWORD }, bob), { type: "too-many-requests" });
  const token = await as(await ask(createApiToken, { name: "ci" }, owner));
  await assert.rejects(ask(stepUp, { password: PASSWORD }, token), { type: "forbidden" });
});
