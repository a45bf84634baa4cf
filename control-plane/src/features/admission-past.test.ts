import assert from "node:assert/strict";
import { test } from "node:test";
import { DAY } from "@edgemere/protocol/kit";
import type { InputOf } from "../platform/action.ts";
import { created } from "../platform/change.ts";
import { user } from "./identity/contract.ts";
import { createJob } from "./jobs/contract.ts";
import { createPolicy, dryRunAdmission } from "./policies/contract.ts";
import { startWorld, type World } from "./policies.test-support.ts";

const JOBS = "cpl/dm/job/create";
const days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
type Asked = InputOf<typeof dryRunAdmission>;

const tried = (world: World, over: Partial<Asked> = {}, admission: Partial<Asked["admission"]> = {}) =>
  world.call(dryRunAdmission, {
    condition: "true",
    ...over,
    admission: { actions: [JOBS], outcome: "deny", reason: "frozen", ...admission },
  });
const ping = (world: World, device: string, actor = "user:olga") =>
  world.call(createJob, { device, kind: "ping" }, { actor, permissions: ["*"] });

test("a policy that is not saved says which of the actions that were done it would have denied, and why", async () => {
  await using world = await startWorld();
  await ping(world, "d1");
  await ping(world, "d2", "user:otto");
  await ping(world, "d1", "user:otto");

  const { told, ...counts } = await tried(world, { condition: 'actor == "user:otto"', selector: "site=berlin" });

  assert.deepEqual(
    told.map(({ actor, action, devices, verdict, answer }) => [actor, action, devices, verdict, answer]),
    [["user:otto", JOBS, ["d1"], "denied", 'on the device "d1": frozen']],
  );
  assert.deepEqual([counts.actions, counts.allowed, counts.denied, counts.isWhole], [3, 2, 1, true]);
  await ping(world, "d1", "user:otto");
});

test("what would have waited for a second person is told apart, and what would have got defaults", async () => {
  await using world = await startWorld();
  await ping(world, "d1");

  assert.equal((await tried(world, {}, { outcome: "approve" })).approval, 1);
  assert.equal((await tried(world, {}, { outcome: "defaults", defaults: { runTimeout: 60 } })).defaults, 1);
  assert.equal((await tried(world, { condition: "devices > 1" }, { outcome: "allow" })).denied, 1);
});

test("where it hangs on what the audit log does not keep it is unknown, and elsewhere it is not", async () => {
  const known = { isActive: true, roles: ["owner"], permissions: [] };
  await using world = await startWorld({ accountOf: async (id) => (id === "u1" ? known : undefined) });
  await world.store.commit(created(user, "u1", { name: "olga", roles: ["owner"], passwordHash: "" }));
  await ping(world, "d1");
  await ping(world, "d1", "user:otto");
  const verdicts = async (condition: string) =>
    (await tried(world, { condition })).told.map(({ verdict, answer }) => [verdict, answer]);

  assert.deepEqual(await verdicts('actor == "user:otto" && input.kind == "ping"'), [
    ["unknown", "the audit log does not keep what it was given"],
  ]);
  assert.deepEqual((await verdicts("has(input.kind)")).length, 2);
  assert.deepEqual(await verdicts('"owner" in roles'), [
    ["unknown", "nobody knows any more which roles user:otto has"],
    ["denied", "frozen"],
  ]);
});

test("what was denied, what no policy is asked about and what the control plane did itself do not count", async () => {
  await using world = await startWorld();
  await world.call(createPolicy, {
    name: "freeze",
    condition: "true",
    admission: { actions: [JOBS], outcome: "deny", reason: "frozen" },
  });
  await assert.rejects(ping(world, "d1"), /frozen/);

  const { actions, told } = await tried(world, {}, { actions: ["*"] });
  assert.deepEqual([actions, told], [0, []]);
});

test("its hours are those in which something was done", async () => {
  const noon = 1_767_268_800_000;
  await using world = await startWorld({ at: noon });
  await ping(world, "d1");
  await world.clock.advance(DAY / 2);

  const schedule = (from: string, to: string) => ({ zone: "UTC", days: [...days], from, to });
  assert.equal((await tried(world, { schedule: schedule("12:00", "13:00") })).denied, 1);
  assert.equal((await tried(world, { schedule: schedule("00:00", "01:00") })).denied, 0);
});

test("no more actions are looked at than were asked for, and it is told that there are older ones", async () => {
  await using world = await startWorld();
  for (let i = 0; i < 3; i++) await ping(world, "d1");

  const { actions, denied, isWhole } = await tried(world, { actions: 2 });
  assert.deepEqual([actions, denied, isWhole], [2, 2, false]);
});

test("a draft is refused where it would be when it is saved, and for who may not read what others did", async () => {
  await using world = await startWorld();
  await assert.rejects(tried(world, { condition: "actr == 1" }), /no field "actr".* line 1, column 1/);
  await assert.rejects(tried(world, {}, { actions: ["cpl/dm/job/creat"] }), /there is no action/);
  const draft = { condition: "true", admission: { actions: ["*"], outcome: "deny" as const, reason: "x" } };
  await assert.rejects(
    world.call(dryRunAdmission, draft, { actor: "user:otto", permissions: ["policy:read"] }),
    /user:otto may not read what others did: that needs the permission audit:read/,
  );
});
