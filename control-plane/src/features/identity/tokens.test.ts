import assert from "node:assert/strict";
import test from "node:test";
import { DAY, SECOND } from "@edgemere/protocol/kit";
import {
  apiToken,
  createApiToken,
  createUser,
  disableUser,
  listApiTokens,
  revokeApiToken,
  signOut,
} from "./contract.ts";
import { PASSWORD, startIdentity } from "./identity.test-support.ts";
import { expireCredentials } from "./loops.ts";

test("an API token acts with the permissions it was given", async () => {
  const { ask, as, setUp } = await startIdentity();

  const made = await ask(createApiToken, { name: "ci", permissions: ["device:read"] }, await setUp());

  assert.match(made.token, /^edt_[0-9A-Z]{26}_[A-Za-z0-9_-]{43}$/);
  const { actor, permissions } = await as(made);
  assert.deepEqual({ actor, permissions }, { actor: `token:${made.id}`, permissions: ["device:read"] });
});

test("a token with one letter changed is nobody's", async () => {
  const { ask, identify, setUp } = await startIdentity();
  const { token } = await ask(createApiToken, { name: "ci" }, await setUp());
  const last = token.endsWith("A") ? "B" : "A";

  assert.equal(await identify(token.slice(0, -1) + last), undefined);
  assert.equal(await identify(token.replace(/_.{26}_/, "_01ARZ3NDEKTSV4RRFFQ69G5FAV_")), undefined);
  assert.equal(await identify("edt__"), undefined);
});

test("a token cannot hold more than who makes it", async () => {
  const { ask, as, setUp, signIn } = await startIdentity();
  await ask(createUser, { name: "sec", password: PASSWORD, roles: ["security"] }, await setUp());
  const security = await as(await signIn("sec"));

  await assert.rejects(ask(createApiToken, { name: "x", permissions: ["device:read", "job:create"] }, security), {
    type: "forbidden",
    message: "a token cannot hold more than who makes it: you lack job:create",
  });
  await assert.rejects(ask(createApiToken, { name: "x", permissions: ["*"] }, security), { type: "forbidden" });
});

test("a token that a token made does not outlive it", async () => {
  const { ask, as, setUp } = await startIdentity();
  const first = await ask(createApiToken, { name: "first", permissions: ["identity:token"], ttl: 60 }, await setUp());

  const second = await ask(createApiToken, { name: "second", ttl: 3_600 }, await as(first));

  assert.equal(second.expiresAt, first.expiresAt);
});

test("a rule has no person behind it and makes no token", async () => {
  const { ask } = await startIdentity();

  await assert.rejects(ask(createApiToken, { name: "x" }, { actor: "rule:x", permissions: ["*"] }), {
    type: "forbidden",
  });
});

test("a revoked token is refused from then on, and cannot be revoked twice", async () => {
  const { ask, identify, setUp } = await startIdentity();
  const owner = await setUp();
  const { id, token } = await ask(createApiToken, { name: "ci" }, owner);

  assert.equal((await ask(revokeApiToken, { id }, owner)).state, "revoked");

  assert.equal(await identify(token), undefined);
  await assert.rejects(ask(revokeApiToken, { id }, owner), { type: "conflict" });
});

test("signing out is for sessions, not for tokens", async () => {
  const { ask, as, setUp } = await startIdentity();
  const made = await ask(createApiToken, { name: "ci" }, await setUp());

  await assert.rejects(ask(signOut, {}, await as(made)), { type: "forbidden" });
});

test("locking an account ends its tokens and sessions at once", async () => {
  const { ask, as, setUp, signIn, store } = await startIdentity();
  const owner = await setUp();
  await ask(createUser, { name: "sec", password: PASSWORD, roles: ["security"] }, owner);
  const session = await signIn("sec");
  const made = await ask(createApiToken, { name: "ci", permissions: ["device:read"] }, await as(session));

  await ask(disableUser, { user: "sec" }, owner);

  assert.equal((await as(session)).actor, "nobody");
  assert.equal((await as(made)).actor, "nobody");
  assert.equal((await store.get(apiToken, made.id))?.state, "revoked");
});

test("the list of tokens shows tokens, newest first, without sessions and secrets", async () => {
  const { ask, setUp } = await startIdentity();
  const owner = await setUp();
  await ask(createApiToken, { name: "old" }, owner);
  await ask(createApiToken, { name: "new" }, owner);

  const { items } = await ask(listApiTokens, {}, owner);

  assert.deepEqual(
    items.map(({ name }) => name),
    ["new", "old"],
  );
  assert.ok(!("secretHash" in (items[0] ?? {})));
});

test("a token whose time is over is refused, called expired, and forgotten after thirty days", async () => {
  const { ask, clock, context, identify, setUp, store } = await startIdentity();
  const { id, token } = await ask(createApiToken, { name: "ci", ttl: 60 }, await setUp());
  const loop = expireCredentials(context);

  await clock.advance(60 * SECOND);
  assert.equal(await identify(token), undefined);
  await loop.step();
  assert.equal((await store.get(apiToken, id))?.state, "expired");

  await clock.advance(30 * DAY);
  await loop.step();
  assert.equal(await store.get(apiToken, id), undefined);
});

test("a token's secret is shown once: the same request again is refused and keeps no copy", async () => {
  const { ask, setUp, store } = await startIdentity();
  const owner = { ...(await setUp()), idempotencyKey: "key-1" };
  const { token } = await ask(createApiToken, { name: "ci" }, owner);

  await assert.rejects(ask(createApiToken, { name: "ci" }, owner), { type: "conflict", message: /shown once/ });

  const stored: string[] = [];
  for await (const [, bytes] of store.bytesBetween({ gte: "", lt: "\uffff" }))
    stored.push(Buffer.from(bytes).toString());
  assert.ok(!stored.join().includes(token.split("_").slice(2).join("_")));
});
