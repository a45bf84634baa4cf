import assert from "node:assert/strict";
import { test } from "node:test";
import { Type } from "@sinclair/typebox";
import { DAY } from "@edgemere/protocol/kit";
import { drain, ManualClock } from "@edgemere/protocol/simulated";
import { action, type AnyAction, type Made } from "./action.ts";
import { nobody, type Caller } from "./caller.ts";
import { Idempotency } from "./idempotency.ts";
import { Problem } from "./problem.ts";
import { contentOf, keptDatabase } from "./sample-resource.test-support.ts";
import { Store } from "./store.ts";

const order = action({
  path: "shop/order",
  summary: "Order",
  effect: "write",
  permission: "shop:order",
  input: Type.Object({ name: Type.String() }),
  output: Type.Object({ number: Type.Integer() }),
});
const alice: Caller = {
  actor: "user:alice",
  via: "rest",
  permissions: ["*"],
  requestId: "r1",
  idempotencyKey: "key-1",
};
const conflict = (message: RegExp) => ({ name: "Problem", type: "conflict", message });

async function aShop(database = keptDatabase(), clock = new ManualClock()) {
  const store = await Store.open(database, clock);
  const idempotency = new Idempotency(store, () => clock.now());
  let orders = 0;
  const run = async () => ({ number: ++orders });
  return {
    clock,
    database,
    idempotency,
    orders: () => orders,
    store,
    ask: (caller: Caller, input: object = { name: "book" }, of: AnyAction = order, how: () => Promise<unknown> = run) =>
      idempotency.once(caller, { action: of }, input, how),
    /** Of what says itself that it is there. */
    make: (how: (made: Made) => Promise<unknown>, input: object = { name: "book" }) =>
      idempotency.once(alice, { action: order, again: async (id) => ({ id }) }, input, how),
  };
}

test("the same key with the same input gives the first answer again, and nothing is done twice", async () => {
  const shop = await aShop();

  assert.deepEqual([await shop.ask(alice), await shop.ask(alice)], [{ number: 1 }, { number: 1 }]);
  assert.equal(shop.orders(), 1);
});

test("a request that is repeated while the first is under way waits for its answer", async () => {
  const shop = await aShop();

  const answers = await Promise.all([shop.ask(alice), shop.ask(alice), shop.ask(alice)]);

  assert.deepEqual(answers, [{ number: 1 }, { number: 1 }, { number: 1 }]);
});

test("the first answer is known after a restart", async () => {
  const shop = await aShop();
  await shop.ask(alice);

  const again = await aShop(shop.database);

  assert.deepEqual(await again.ask(alice), { number: 1 });
  assert.equal(again.orders(), 0);
});

test("the same input with its fields in another order is the same input", async () => {
  const shop = await aShop();

  await shop.ask(alice, { name: "book", count: 1 });

  assert.deepEqual(await shop.ask(alice, { count: 1, name: "book" }), { number: 1 });
});

test("a key is not taken for another input or another action, neither later nor at once", async () => {
  const shop = await aShop();
  const other = { ...order, path: "shop/cancel" };
  const refusal = conflict(/used for another action or with another input; take a new key/);

  const [, atOnce] = await Promise.allSettled([shop.ask(alice), shop.ask(alice, { name: "pen" })]);

  assert.ok(atOnce.status === "rejected" && atOnce.reason instanceof Problem);
  await assert.rejects(shop.ask(alice, { name: "pen" }), refusal);
  await assert.rejects(shop.ask(alice, { name: "book" }, other), refusal);
});

test("requests without a key, of another caller or of nobody are done each time", async () => {
  const shop = await aShop();
  const { idempotencyKey: _, ...keyless } = alice;
  const stranger = { ...alice, ...nobody };

  for (const caller of [alice, keyless, keyless, { ...alice, actor: "user:bob" }, stranger, stranger])
    await shop.ask(caller);

  assert.equal(shop.orders(), 6);
});

test("what failed may be tried again under the same key", async () => {
  const shop = await aShop();
  const failing = () => Promise.reject(new Problem("unavailable", "closed"));

  await assert.rejects(shop.ask(alice, undefined, order, failing), /closed/);

  assert.deepEqual(await shop.ask(alice), { number: 1 });
});

test("a request that was cut off by a crash is not done again, and its caller is told so", async () => {
  const shop = await aShop();
  void shop.ask(alice, undefined, order, () => new Promise(() => {}));
  await drain();

  const again = await aShop(shop.database);

  await assert.rejects(again.ask(alice), conflict(/nobody can say whether it took effect: look/));
  assert.equal(again.orders(), 0);
});

test("what says itself that it is there is answered after a crash, and done where it is not there", async () => {
  const shop = await aShop();
  void shop.make(() => new Promise(() => {}));
  await drain();
  const second = await aShop(shop.database);
  const cutOff = async (made: Made) => {
    await second.store.commit(made("o1"));
    return new Promise(() => {});
  };
  void second.make(cutOff, { name: "pen" });
  await drain();

  const third = await aShop(shop.database);

  assert.deepEqual(await third.make(async () => assert.fail(), { name: "pen" }), { id: "o1" });
  await assert.rejects(
    third.make(async () => assert.fail()),
    conflict(/with another input/),
  );
});

test("what was made is not made again when its maker was refused something after it", async () => {
  const shop = await aShop();
  const refusedLate = async (made: Made) => {
    await shop.store.commit(made("o1"));
    throw new Problem("conflict", "somebody else was quicker");
  };

  await assert.rejects(shop.make(refusedLate), /quicker/);

  assert.deepEqual(await shop.make(async () => assert.fail()), { id: "o1" });
});

test("of a failure that is no refusal nobody can say whether it took effect: the key stays taken", async () => {
  const shop = await aShop();
  const failing = () => Promise.reject(new Error("a bug"));

  await assert.rejects(shop.ask(alice, undefined, order, failing), /a bug/);

  await assert.rejects(shop.ask(alice), conflict(/nobody can say whether it took effect/));
});

test("a secret that was shown once is not shown again and not kept", async () => {
  const shop = await aShop();
  const make = { ...order, isShownOnce: true };
  const run = async () => ({ secret: "hunter2" });

  assert.deepEqual(await shop.ask(alice, {}, make, run), { secret: "hunter2" });

  await assert.rejects(shop.ask(alice, {}, make, run), conflict(/its secret was shown once; revoke what it made/));
  assert.doesNotMatch(await contentOf(shop.database), /hunter2/);
});

test("an answer is forgotten after a day, and not before", async () => {
  const shop = await aShop();
  await shop.ask(alice);
  await shop.clock.advance(DAY - 1);
  await shop.idempotency.forgetOld();
  assert.deepEqual(await shop.ask(alice), { number: 1 });

  await shop.clock.advance(1);
  await shop.idempotency.forgetOld();

  assert.deepEqual(await shop.ask(alice), { number: 2 });
});
