import assert from "node:assert/strict";
import test from "node:test";
import { ANYONE } from "../../platform/caller.ts";
import { auditTable } from "../../platform/audit.ts";
import { put } from "../../platform/change.ts";
import { createApiToken, createUser, listAudit, listEvents, verifyAudit } from "./contract.ts";
import { identity } from "./index.ts";
import { PASSWORD, startIdentity } from "./identity.test-support.ts";

test("events tell of accounts and tokens, and hold no hash and no secret", async () => {
  const { ask, setUp } = await startIdentity();
  const owner = await setUp();
  await ask(createApiToken, { name: "ci" }, owner);

  const { events } = await ask(listEvents, {}, owner);

  assert.deepEqual(
    events.map(({ type }) => type),
    ["user.create", "user.active", "apitoken.create", "apitoken.active", "apitoken.create", "apitoken.active"],
  );
  assert.doesNotMatch(JSON.stringify(events), /hash|scrypt/i);
});

test("without a number the newest events come, with one those after it", async () => {
  const { ask, setUp } = await startIdentity();
  const owner = await setUp();
  const numbers = async (input: { after?: number; limit?: number; type?: string[] }) => {
    const { events, next } = await ask(listEvents, input, owner);
    return { numbers: events.map(({ number }) => number), next };
  };

  assert.deepEqual(await numbers({ limit: 2 }), { numbers: [3, 4], next: 4 });
  assert.deepEqual(await numbers({ after: 0, limit: 2 }), { numbers: [1, 2], next: 2 });
  assert.deepEqual(await numbers({ after: 2 }), { numbers: [3, 4], next: 4 });
  assert.deepEqual(await numbers({ after: 0, type: ["user.*"] }), { numbers: [1, 2], next: 4 });
  assert.deepEqual(await numbers({ type: ["user.create"] }), { numbers: [1], next: 4 });
});

test("a whole audit log is called whole", async () => {
  const { ask, setUp } = await startIdentity();
  const owner = await setUp();
  await ask(createUser, { name: "bob", password: PASSWORD, roles: ["viewer"] }, owner);

  const { items } = await ask(listAudit, {}, owner);

  assert.deepEqual(
    items.map(({ action, actor, decision }) => [action, actor, decision]),
    [
      ["ia/user/create", "user:alice", "allowed"],
      ["ia/setup", "nobody", "allowed"],
    ],
  );
  assert.deepEqual(await ask(verifyAudit, {}, owner), { whole: true });
});

test("an audit entry that was changed is found", async () => {
  const { ask, setUp, store } = await startIdentity();
  const owner = await setUp();
  const { items } = await store.list(auditTable);
  await store.commit(put(auditTable, { ...items[0]!, actor: "user:mallory" }));

  assert.deepEqual(await ask(verifyAudit, {}, owner), { whole: false, firstBroken: "0000000000000001" });
});

test("without credentials nothing is done but what proves itself", async () => {
  const { dispatch } = await startIdentity();
  const caller = { actor: "nobody", permissions: [], via: "rest", requestId: "r" } as const;
  const guarded = identity.actions.filter(({ action }) => action.permission !== ANYONE);

  const refusals = await Promise.all(
    guarded.map(async ({ action }) =>
      dispatch(action.path as string, {}, caller).catch((error: unknown) => (error as { type: string }).type),
    ),
  );

  assert.ok(guarded.length >= 8);
  assert.deepEqual(new Set(refusals), new Set(["not-signed-in"]));
});
