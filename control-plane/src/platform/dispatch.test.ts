import assert from "node:assert/strict";
import { test } from "node:test";
import { Type } from "@sinclair/typebox";
import { machine, silentLog, type Log } from "@edgemere/protocol/kit";
import { ManualClock } from "@edgemere/protocol/simulated";
import { action, handle, type AnyAction, type Handler } from "./action.ts";
import type { PlatformContext } from "./context.ts";
import { Audit, auditTable } from "./audit.ts";
import { ANYONE, nobody, type Caller } from "./caller.ts";
import type { Database } from "./database.ts";
import { createDispatch } from "./dispatch.ts";
import { feature } from "./feature.ts";
import { Idempotency } from "./idempotency.ts";
import { Instant } from "./instant.ts";
import { Problem } from "./problem.ts";
import { contentOf, keptDatabase, parcel } from "./sample-resource.test-support.ts";
import { Scopes } from "./scopes.ts";
import { Store } from "./store.ts";

const declare = (path: string, over: Partial<AnyAction> = {}) =>
  action({
    path,
    summary: path,
    effect: "write",
    permission: "shop:order",
    input: Type.Object({ name: Type.String({ minLength: 1 }), password: Type.Optional(Type.String()) }),
    output: Type.Object({}),
    secrets: ["password"],
    ...over,
  });
const order = declare("shop/order");
const look = declare("shop/look", { effect: "read", permission: "shop:look" });
const addTo = declare("shop/add", { isPiece: true });
const enter = declare("shop/enter", { permission: ANYONE });

const alice: Caller = { actor: "user:alice", via: "rest", permissions: ["shop:*"], requestId: "r1" };
const visitor: Caller = { actor: "user:bob", via: "websocket", permissions: [], requestId: "r2" };
const stranger: Caller = { ...visitor, ...nobody };

/** A shop whose handlers do what a test says; by default they answer with what the audit held when they ran. */
async function aShop({ run, database = keptDatabase() }: { run?: () => unknown; database?: Database } = {}) {
  const clock = new ManualClock();
  const store = await Store.open(database, clock);
  const entries = async () => (await store.list(auditTable)).items;
  const lines: unknown[] = [];
  const log: Log = { ...silentLog, error: (message, fields) => lines.push({ message, ...fields }) };
  const ran: string[] = [];
  const handlers: readonly Handler<Pick<PlatformContext, "scopes" | "clock">>[] = [order, look, enter, addTo].map(
    (each) =>
      handle(each, async () => {
        ran.push(each.path as string);
        return run === undefined ? { audited: (await entries()).length } : run();
      }),
  );
  const dispatch = createDispatch({
    features: [feature({ name: "shop", resources: [], actions: handlers })],
    context: { scopes: new Scopes([], store), clock },
    audit: new Audit(store, () => clock.now()),
    idempotency: new Idempotency(store, () => clock.now()),
    log,
  });
  return { dispatch, entries, ran, lines, store, database };
}

test("an action is handled with its input made of what the face brought", async () => {
  const { dispatch, ran } = await aShop();

  await dispatch("shop/look", { name: "book" }, alice);

  assert.deepEqual(ran, ["shop/look"]);
});

test("a write is in the audit before it is handled", async () => {
  const { dispatch, entries } = await aShop();

  assert.deepEqual(await dispatch("shop/order", { name: "book" }, alice), { audited: 1 });

  const [entry] = await entries();
  assert.deepEqual(
    [entry?.actor, entry?.via, entry?.action, entry?.decision, entry?.requestId],
    ["user:alice", "rest", "shop/order", "allowed", "r1"],
  );
});

test("a read leaves no entry", async () => {
  const { dispatch, entries } = await aShop();

  await dispatch("shop/look", { name: "book" }, alice);

  assert.deepEqual(await entries(), []);
});

test("what nobody could write down is not done", async () => {
  const database = keptDatabase();
  const shop = await aShop({ database: { ...database, batch: () => Promise.reject(new Error("the disk is full")) } });

  await assert.rejects(shop.dispatch("shop/order", { name: "book" }, alice), { name: "Problem", type: "internal" });

  assert.deepEqual(shop.ran, []);
});

test("who may not is refused, that is in the audit, and nothing is done", async () => {
  const { dispatch, entries, ran } = await aShop();

  await assert.rejects(dispatch("shop/order", { name: "book" }, visitor), {
    type: "forbidden",
    message: "user:bob may not shop/order: it needs the permission shop:order",
  });

  const [entry] = await entries();
  assert.deepEqual([entry?.actor, entry?.action, entry?.decision], ["user:bob", "shop/order", "denied"]);
  assert.deepEqual(ran, []);
});

test("a denied read is in the audit too", async () => {
  const { dispatch, entries } = await aShop();

  await assert.rejects(dispatch("shop/look", { name: "book" }, visitor), { type: "forbidden" });

  assert.equal((await entries()).length, 1);
});

test("who may not learns nothing about what input would be right", async () => {
  const { dispatch } = await aShop();

  await assert.rejects(dispatch("shop/order", { nmae: 1 }, visitor), { type: "forbidden" });
  await assert.rejects(dispatch("shop/order", "no object", visitor), { type: "forbidden" });
});

test("somebody without credentials is told to sign in, and does not fill the audit", async () => {
  const { dispatch, entries } = await aShop();

  await assert.rejects(dispatch("shop/order", { name: "book" }, stranger), {
    type: "not-signed-in",
    message: "sign in first: shop/order needs the permission shop:order",
  });
  assert.deepEqual(await entries(), []);
});

test("an action that proves itself by its input is anybody's", async () => {
  const { dispatch, ran } = await aShop();

  await dispatch("shop/enter", { name: "book" }, stranger);

  assert.deepEqual(ran, ["shop/enter"]);
});

test("an input that is not valid is refused before anything is written or done", async () => {
  const { dispatch, entries, ran } = await aShop();

  await assert.rejects(dispatch("shop/order", { name: "" }, alice), { type: "invalid-input" });

  assert.deepEqual([await entries(), ran], [[], []]);
});

test("an action that does not exist is told with those that are like it, whoever asks", async () => {
  const { dispatch } = await aShop();

  await assert.rejects(dispatch("store/order", {}, stranger), {
    type: "unknown-action",
    message: 'there is no action "store/order"; did you mean shop/order?',
  });
  await assert.rejects(dispatch("toString", {}, stranger), {
    type: "unknown-action",
    message: /see "edgemere --help"/,
  });
});

test("no secret of an input reaches the audit, the log or the database, allowed, denied or failed", async () => {
  const { dispatch, database, lines } = await aShop({
    run: () => {
      throw new Error("out of order");
    },
  });
  const input = { name: "book", password: "hunter2" };

  await assert.rejects(dispatch("shop/order", input, { ...alice, idempotencyKey: "k" }));
  await assert.rejects(dispatch("shop/order", input, visitor));

  assert.doesNotMatch(await contentOf(database), /hunter2/);
  assert.doesNotMatch(JSON.stringify(lines), /hunter2/);
});

test("the audit's hash of an input does not depend on its secrets", async () => {
  const { dispatch, entries } = await aShop();
  const ask = (password: string) => dispatch("shop/order", { name: "book", password }, alice);

  await ask("hunter2");
  await ask("another");

  const [one, other] = await entries();
  assert.equal(one?.inputHash, other?.inputHash);
});

test("a problem that a handler finds is told as it is", async () => {
  const { dispatch } = await aShop({
    run: () => {
      throw new Problem("not-found", 'there is no book "book"');
    },
  });

  await assert.rejects(dispatch("shop/order", { name: "book" }, alice), {
    type: "not-found",
    message: /no book "book"/,
  });
});

test("a signal that a state does not take is a conflict, and a foreign cursor an invalid input", async () => {
  const moving = await aShop({ run: () => parcel.life.next("lost", "send") });
  const { dispatch, store } = await aShop({ run: () => store.list(auditTable, { cursor: "made-up" }) });

  await assert.rejects(moving.dispatch("shop/order", { name: "book" }, alice), {
    type: "conflict",
    message: "a parcel that is lost cannot send: only one that is packed can",
  });
  await assert.rejects(dispatch("shop/look", { name: "book" }, alice), { type: "invalid-input", message: /cursor/ });
});

for (const path of ["shop/order", "shop/look"]) {
  test(`a bug in ${path} is logged with its inside and told without`, async () => {
    const bug = new TypeError("cannot read the secret plan");
    const { dispatch, lines } = await aShop({ run: () => Promise.reject(bug) });

    await assert.rejects(dispatch(path, { name: "book" }, alice), {
      type: "internal",
      message: `the control plane failed at ${path}; its log has more under request r1`,
    });
    assert.deepEqual(lines, [{ message: "action failed", action: path, requestId: "r1", error: bug }]);
  });
}

test("what a state refused may be asked again under the same key, and what failed inside may not", async () => {
  const keyed = { ...alice, idempotencyKey: "key-1" };
  const states = machine("parcel", "packed", { packed: { send: "sent" }, sent: {} });
  for (const [failure, again] of [
    [() => states.next("sent", "send"), undefined],
    [() => Promise.reject(new Error("a bug")), "conflict"],
  ] as const) {
    let tries = 0;
    const { dispatch } = await aShop({ run: () => (tries++ === 0 ? failure() : {}) });
    await assert.rejects(dispatch("shop/order", { name: "book" }, keyed), Problem);

    const second = await dispatch("shop/order", { name: "book" }, keyed).catch((error: unknown) => error);

    assert.equal(second instanceof Problem ? second.type : undefined, again);
  }
});

test("the same request under the same key is handled and audited once", async () => {
  const { dispatch, ran, entries } = await aShop();
  const keyed = { ...alice, idempotencyKey: "k" };

  await dispatch("shop/order", { name: "book" }, keyed);
  await dispatch("shop/order", { name: "book" }, keyed);

  assert.deepEqual([ran.length, (await entries()).length], [1, 1]);
});

test("an action without a permission, or declared twice, does not start", () => {
  const context = { scopes: { refuseUndeclared: () => {} } };
  const parts = { context, log: silentLog } as unknown as Omit<Parameters<typeof createDispatch>[0], "features">;
  const handlerOf = (each: AnyAction) => handle(each, async () => ({}));
  const withActions = (...actions: readonly AnyAction[]) => ({
    ...parts,
    features: [feature({ name: "shop", resources: [], actions: actions.map(handlerOf) })],
  });

  assert.throws(() => createDispatch(withActions({ ...order, permission: "" })), /shop\/order declares no permission/);
  assert.throws(() => createDispatch(withActions(order, order)), /shop\/order is declared twice/);
});

test("what is dangerous is done for a session whose person proved lately who they are, and for a token that names it", async () => {
  const clock = new ManualClock();
  const store = await Store.open(keptDatabase(), clock);
  const blowUp = { ...order, danger: () => "command:exec" };
  const dispatch = createDispatch({
    features: [feature({ name: "shop", resources: [], actions: [handle(blowUp, async () => ({ audited: 0 }))] })],
    context: { scopes: new Scopes([], store), clock },
    audit: new Audit(store, () => clock.now()),
    idempotency: new Idempotency(store, () => clock.now()),
    log: silentLog,
    isFresh: (provedAt) => provedAt > 100,
  });
  const by = (who: Partial<Caller>) =>
    dispatch("shop/order", { name: "book" }, { ...alice, account: "alice", permissions: ["*"], ...who });

  await by({ provedAt: 101 });
  await by({ permissions: ["*", "command:exec"] });
  await assert.rejects(by({ provedAt: 100 }), { type: "step-up-required" });
  await assert.rejects(by({ permissions: ["*"] }), { type: "forbidden", message: /command:exec by its name/ });
  await assert.rejects(by({ permissions: ["*", "command:*"] }), { type: "forbidden" });
  const denied = (await store.list(auditTable)).items.filter(({ decision }) => decision === "denied");
  assert.equal(denied.length, 3);
});

test("a write that speaks of a time from now is the same write when it is sent again under its key", async () => {
  const clock = new ManualClock();
  const store = await Store.open(keptDatabase(), clock);
  const forget = { ...order, input: Type.Object({ before: Instant("What is older") }) };
  const given: unknown[] = [];
  const dispatch = createDispatch({
    features: [
      feature({
        name: "shop",
        resources: [],
        actions: [handle(forget, async (input) => ({ audited: given.push(input) }))],
      }),
    ],
    context: { scopes: new Scopes([], store), clock },
    audit: new Audit(store, () => clock.now()),
    idempotency: new Idempotency(store, () => clock.now()),
    log: silentLog,
  });
  const asked = clock.now();
  const ask = (before: string) => dispatch("shop/order", { before }, { ...alice, idempotencyKey: "k" });

  await ask("-1h");
  await clock.advance(5_000);
  await ask("-1h");
  await assert.rejects(ask("-2h"), { type: "conflict" });

  assert.deepEqual(given, [{ before: asked - 3_600_000 }]);
});

test("a piece that its handler forbids is an entry, and one that it finds fault with is none", async () => {
  for (const [type, decisions] of [
    ["forbidden", ["denied"]],
    ["conflict", []],
  ] as const) {
    const run = () => {
      throw new Problem(type, "no");
    };
    const { dispatch, entries } = await aShop({ run });

    await assert.rejects(dispatch("shop/add", { name: "tea" }, alice), { type });

    assert.deepEqual(
      (await entries()).map(({ decision }) => decision),
      decisions,
    );
  }
});

test("a piece of something whose beginning was audited is no entry itself; one that is denied is", async () => {
  const { dispatch, entries, ran } = await aShop();

  await dispatch("shop/add", { name: "tea" }, alice);
  assert.deepEqual([ran, await entries()], [["shop/add"], []]);
  await assert.rejects(dispatch("shop/add", { name: "tea" }, visitor), { type: "forbidden" });

  assert.deepEqual(
    (await entries()).map(({ decision }) => decision),
    ["denied"],
  );
});
