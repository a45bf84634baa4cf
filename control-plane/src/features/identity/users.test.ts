import assert from "node:assert/strict";
import test from "node:test";
import { createUser, disableUser, enableUser, listUsers } from "./contract.ts";
import { PASSWORD, startIdentity } from "./identity.test-support.ts";

test("an owner makes accounts, which the list shows by name", async () => {
  const { ask, setUp } = await startIdentity();
  const owner = await setUp();
  await ask(createUser, { name: "zoe", password: PASSWORD, roles: ["operator"] }, owner);
  await ask(createUser, { name: "bob", password: PASSWORD, roles: ["viewer"] }, owner);

  const { items } = await ask(listUsers, {}, owner);

  assert.deepEqual(
    items.map(({ name, roles }) => [name, roles]),
    [
      ["alice", ["owner"]],
      ["bob", ["viewer"]],
      ["zoe", ["operator"]],
    ],
  );
  assert.ok(!("passwordHash" in (items[0] ?? {})));
});

test("a name is taken once, also when two ask for it at the same moment", async () => {
  const { ask, setUp } = await startIdentity();
  const owner = await setUp();
  const bob = async () => ask(createUser, { name: "bob", password: PASSWORD, roles: ["viewer"] }, owner);

  const outcomes = await Promise.allSettled([bob(), bob()]);

  assert.deepEqual(outcomes.map(({ status }) => status).toSorted(), ["fulfilled", "rejected"]);
  await assert.rejects(bob(), { type: "conflict", message: /already an account "bob"/ });
});

test("who looks after accounts neither makes nor locks an owner", async () => {
  const { ask, as, setUp, signIn } = await startIdentity();
  await ask(createUser, { name: "sec", password: PASSWORD, roles: ["security"] }, await setUp());
  const security = await as(await signIn("sec"));

  await assert.rejects(ask(createUser, { name: "eve", password: PASSWORD, roles: ["owner"] }, security), {
    type: "forbidden",
  });
  await assert.rejects(ask(disableUser, { user: "alice" }, security), { type: "forbidden" });
});

test("the last owner stays", async () => {
  const { ask, setUp } = await startIdentity();
  const owner = await setUp();

  await assert.rejects(ask(disableUser, { user: "alice" }, owner), { type: "conflict", message: /last owner/ });
});

test("an account that is unlocked can sign in again, and its old sessions stay ended", async () => {
  const { ask, as, setUp, signIn } = await startIdentity();
  const owner = await setUp();
  await ask(createUser, { name: "vera", password: PASSWORD, roles: ["viewer"] }, owner);
  const session = await signIn("vera");
  await ask(disableUser, { user: "vera" }, owner);
  await assert.rejects(signIn("vera"));

  assert.equal((await ask(enableUser, { user: "vera" }, owner)).state, "active");

  assert.equal((await as(await signIn("vera"))).actor, "user:vera");
  assert.equal((await as(session)).actor, "nobody");
});

test("of two owners who lock each other at the same moment one stays", async () => {
  const { ask, as, setUp, signIn } = await startIdentity();
  const alice = await setUp();
  await ask(createUser, { name: "olaf", password: PASSWORD, roles: ["owner"] }, alice);
  const olaf = await as(await signIn("olaf"));

  await Promise.allSettled([ask(disableUser, { user: "olaf" }, alice), ask(disableUser, { user: "alice" }, olaf)]);

  const { items } = await ask(listUsers, {}, alice);
  assert.deepEqual(items.map(({ state }) => state).toSorted(), ["active", "disabled"]);
});

test("a short password and a name with a capital are refused with what they must be", async () => {
  const { ask, setUp } = await startIdentity();

  await assert.rejects(
    ask(createUser, { name: "Bob", password: "short", roles: ["viewer"] }, await setUp()),
    (error) => {
      const { errors } = error as { errors: readonly { pointer: string }[] };
      assert.deepEqual(errors.map(({ pointer }) => pointer).toSorted(), ["/name", "/password"]);
      return !String(error).includes("short,");
    },
  );
});
