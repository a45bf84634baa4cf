import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { covers, may } from "../../platform/caller.ts";
import { assignRoles, createApiToken, createUser, listApiTokens, roles, type Role } from "./contract.ts";
import { grantsOf, grantsOfToken } from "./credentials.ts";
import { PASSWORD, startIdentity } from "./identity.test-support.ts";

const anyRole = fc.constantFrom(...(Object.keys(roles) as Role[]));
const selector = fc.constantFrom("site=berlin", "site=paris", "role=gateway");
const account = fc.record({
  roles: fc.array(anyRole, { maxLength: 2 }),
  limitedRoles: fc.array(fc.record({ role: anyRole, selector }), { maxLength: 3 }),
});
const permission = fc.constantFrom(
  "*",
  "device:*",
  "device:read",
  "job:create",
  "command:exec",
  "identity:token",
  "data:*",
);

test("whatever a token was given, each of its grants lies within one of its owner's, as the owner is now", () => {
  fc.assert(
    fc.property(account, fc.array(permission), fc.option(selector, { nil: undefined }), (owner, permissions, limit) => {
      const own = grantsOf(owner);
      const token = grantsOfToken({ permissions, ...(limit !== undefined && { selector: limit }) }, owner);

      for (const each of token.permissions) assert.ok(may(own, each));
      if (limit !== undefined) assert.deepEqual(token.permissions, []);
      for (const grant of token.limited) {
        if (limit !== undefined) assert.ok(grant.selectors.includes(limit));
        const within = own.limited.some(
          (held) =>
            covers(held.permission, grant.permission) && held.selectors.every((each) => grant.selectors.includes(each)),
        );
        assert.ok(may(own, grant.permission) || within);
      }
    }),
  );
});

test("a role for some devices is held for these alone, and goes when the roles change", async () => {
  const { ask, as, setUp, signIn } = await startIdentity();
  const owner = await setUp();
  const limitedRoles = [{ role: "viewer" as const, selector: "id=gw1" }];
  await ask(createUser, { name: "bob", password: PASSWORD, limitedRoles }, owner);
  const session = await signIn("bob");

  const before = await as(session);
  await ask(assignRoles, { user: "bob", roles: ["approver"] }, owner);
  const after = await as(session);

  assert.deepEqual(before.permissions, []);
  assert.deepEqual(
    before.limited?.find((each) => each.permission === "device:read"),
    { permission: "device:read", selectors: ["id=gw1"] },
  );
  assert.deepEqual([after.permissions, after.limited], [roles.approver, []]);
});

test("an account without a role, an owner of some devices, and a mistaken selector are refused", async () => {
  const { ask, setUp } = await startIdentity();
  const owner = await setUp();
  const make = (limitedRoles: readonly { role: Role; selector: string }[]) =>
    ask(createUser, { name: "bob", password: PASSWORD, limitedRoles: [...limitedRoles] }, owner);

  await assert.rejects(make([]), { type: "invalid-input", message: /at least one role/ });
  await assert.rejects(make([{ role: "owner", selector: "id=gw1" }]), { type: "invalid-input" });
  await assert.rejects(make([{ role: "viewer", selector: "id=" }]), { type: "invalid-input", message: /line 1/ });
});

test("the last owner keeps the role, and only an owner gives it", async () => {
  const { ask, as, setUp, signIn } = await startIdentity();
  const owner = await setUp();
  await ask(createUser, { name: "sec", password: PASSWORD, roles: ["security"] }, owner);
  const security = await as(await signIn("sec"));

  await assert.rejects(ask(assignRoles, { user: "alice", roles: ["viewer"] }, owner), { message: /last owner/ });
  await assert.rejects(ask(assignRoles, { user: "sec", roles: ["owner"] }, security), { type: "forbidden" });
});

test("a token that is limited makes none that is not, and none for other devices", async () => {
  const { ask, as, setUp } = await startIdentity();
  const owner = await setUp();
  const limited = await as(await ask(createApiToken, { name: "one", selector: "id=gw1" }, owner));
  const asking = { ...limited, permissions: ["identity:token"] };

  const { id } = await ask(createApiToken, { name: "two", permissions: ["identity:token"] }, asking);
  await assert.rejects(ask(createApiToken, { name: "three", selector: "id=gw2" }, asking), { type: "forbidden" });

  const { items } = await ask(listApiTokens, {}, owner);
  assert.equal(items.find((each) => each.id === id)?.selector, "id=gw1");
});

test("that a token was used is seen, to the minute", async () => {
  const { ask, identify, setUp, clock } = await startIdentity();
  const owner = await setUp();
  const { token } = await ask(createApiToken, { name: "ci" }, owner);
  const lastUse = async () => (await ask(listApiTokens, {}, owner)).items[0]?.lastUsedAt;

  const before = await lastUse();
  await identify(token);
  const first = await lastUse();
  await clock.advance(60_000);
  await identify(token);

  assert.equal(before, undefined);
  assert.equal(((await lastUse()) ?? 0) - (first ?? 0), 60_000);
});
