import assert from "node:assert/strict";
import test from "node:test";
import { ANYONE } from "../../platform/caller.ts";
import { updated } from "../../platform/change.ts";
import { resolve } from "../../platform/reference.ts";
import { aDevice } from "../device.test-support.ts";
import { device } from "../devices/contract.ts";
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

test("of a device comes what happened to it, newest or after a number, and what is no part of it is refused", async () => {
  const { ask, setUp, store } = await startIdentity();
  const owner = await setUp();
  for (const id of ["d1", "d2"]) await store.commit(aDevice(id));
  const row = await resolve(store, device, "d1");
  await store.commit(updated(device, row, { presence: "silent" }, "silent"));
  const types = async (input: { after?: number; limit?: number; type?: string[] }) => {
    const { events, next } = await ask(listEvents, { ...input, device: "d1" }, owner);
    return { types: events.map(({ type }) => type), next };
  };
  const first = await types({});
  const last = store.lastNumber;

  assert.deepEqual(first, { types: ["device.create", "device.active", "device.silent"], next: last });
  assert.deepEqual(await types({ limit: 1 }), { types: ["device.silent"], next: last });
  assert.deepEqual((await types({ after: 0, limit: 2 })).types, ["device.create", "device.active"]);
  assert.deepEqual(await types({ after: (await types({ after: 0, limit: 2 })).next }), {
    types: ["device.silent"],
    next: last,
  });
  assert.deepEqual((await types({ type: ["device.silent"] })).types, ["device.silent"]);
  await assert.rejects(types({ type: ["device.*", "device.updated"] }), {
    type: "invalid-input",
    message: /"device.updated" is not told of one device/,
  });
  await assert.rejects(ask(listEvents, { device: "d9" }, owner), { type: "not-found" });
  const some = { ...owner, permissions: [], limited: [{ permission: "event:read", selectors: ["id=d2"] }] };
  await assert.rejects(ask(listEvents, { device: "d1" }, some), { type: "not-found" });
  assert.equal((await ask(listEvents, { device: "d2" }, some)).events.length, 2);
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
