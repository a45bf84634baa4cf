import assert from "node:assert/strict";
import { test } from "node:test";
import { SECOND } from "@edgemere/protocol/kit";
import { command } from "./jobs/contract.ts";
import { createPolicy, explainPolicy, findAlert, updatePolicy } from "./policies/contract.ts";
import { busy, startWorld, stateOf, type World } from "./policies.test-support.ts";

const hot = {
  name: "hot",
  condition: 'value("cpu.busy_percent") > 90',
  effects: [{ do: "command" as const, kind: "ping" as const }],
};
const olga = { actor: "user:olga", account: "olga" };
const accounts = {
  olga: { isActive: true, roles: ["operator"], permissions: ["job:create", "command:ping"] },
  bob: { isActive: true, roles: ["owner"], permissions: ["*"] },
};

/** The policy is olga's; what is known of her account is told by the test. */
async function startHers() {
  const known = new Map<string, (typeof accounts)["olga"]>(Object.entries(accounts));
  const world = await startWorld({ accountOf: async (id) => known.get(id) });
  await world.call(createPolicy, hot, olga);
  return { world, known };
}

async function fires(world: World): Promise<string | undefined> {
  await busy(world, "d1", 95);
  await world.advance(2 * SECOND);
  return (await world.call(findAlert, { alert: "d1/hot" })).done?.[0]?.problem;
}
const commands = async (world: World) => (await world.store.list(command, { limit: 10 })).items.length;

test("what a policy says is done while its author may do it", async () => {
  const { world } = await startHers();
  await using _ = world;

  assert.equal(await fires(world), undefined);
  assert.equal(await commands(world), 1);
  assert.equal((await world.call(explainPolicy, { policy: "hot", device: "d1" })).stopped, undefined);
});

for (const [title, account, words] of [
  ["whose account is locked", { ...accounts.olga, isActive: false }, /user:olga, is locked or gone/],
  ["whose account is gone", undefined, /user:olga, is locked or gone/],
  ["who may not do it any more", { ...accounts.olga, permissions: ["job:create"] }, /the permission command:ping/],
] as const)
  test(`nothing follows from a policy of somebody ${title}: its alert fires, and tells why`, async () => {
    const { world, known } = await startHers();
    await using _ = world;
    if (account === undefined) known.delete("olga");
    else known.set("olga", { ...account, roles: [...account.roles], permissions: [...account.permissions] });

    assert.match((await fires(world)) ?? "", words);
    assert.deepEqual([await stateOf(world, "hot", "d1"), await commands(world)], ["firing", 0]);
    const { answer, stopped } = await world.call(explainPolicy, { policy: "hot", device: "d1" });
    assert.match(stopped ?? "", words);
    assert.match(answer, /nothing follows from it/);
  });

test("who updates such a policy answers for it, and its effects are done again", async () => {
  const { world, known } = await startHers();
  await using _ = world;
  known.delete("olga");

  await world.call(updatePolicy, { policy: "hot", description: "mine now" }, { actor: "user:bob", account: "bob" });

  assert.equal(await fires(world), undefined);
  assert.equal(await commands(world), 1);
});
