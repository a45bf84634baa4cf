import assert from "node:assert/strict";
import test from "node:test";
import { ANYONE } from "../../platform/caller.ts";
import { createApiToken, listEvents } from "./contract.ts";
import { identity } from "./index.ts";
import { startIdentity } from "./identity.test-support.ts";

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
