import assert from "node:assert/strict";
import { test } from "node:test";
import { createClient, ProblemError } from "@edgemere/control-plane/client";
import { ask } from "../world/faces.ts";
import { owner, startWorld, type World } from "../world/world.ts";

const as = ({ baseUrl }: World, token?: string) => createClient({ baseUrl, token });

/** As a refusal looks to a program that speaks plain HTTP. */
async function refusal({ baseUrl }: World, path: string, input: object, token?: string) {
  const { status, body } = await ask(`${baseUrl}/edgemere/${path}`, "POST", { input, ...(token && { token }) });
  return { type: body["type"], status, detail: String(body["detail"]) };
}

test("a setup code makes one account, and no second one", async () => {
  await using world = await startWorld();
  const { setupCode = "" } = world.controlPlane.ready;

  const again = await refusal(world, "ia/setup", { code: setupCode, name: "mallory", password: owner.password });

  assert.deepEqual(again, {
    type: "/problems/conflict",
    status: 409,
    detail: "the control plane has been set up already; sign in instead",
  });
  await world.controlPlane.stop();
  assert.equal((await world.controlPlane.start()).setupCode, undefined);
  assert.equal((await as(world).call("ia/status")).isSetUp, true);
});

test("name and password make a session, a wrong one none, and signing out ends it", async () => {
  await using world = await startWorld();

  const wrong = await refusal(world, "ia/signin", { ...owner, password: "not the password" });
  const unknown = await refusal(world, "ia/signin", { name: "mallory", password: owner.password });
  const { token = "", user } = await as(world).call("ia/signin", owner);
  const { actor } = await as(world, token).call("ia/whoami");
  await as(world, token).call("ia/signout");
  const ended = await refusal(world, "ia/whoami", {}, token);

  assert.deepEqual(wrong, { type: "/problems/not-signed-in", status: 401, detail: "name or password is wrong" });
  assert.deepEqual(unknown, wrong, "who is there is not told");
  assert.deepEqual([user, actor], ["olga", "user:olga"]);
  assert.deepEqual([ended.status, ended.type], [401, "/problems/not-signed-in"]);
  assert.equal((await refusal(world, "cpl/dm/device/list", {})).status, 401);
});

test("guesses at a password get slower, for the one who guesses", async () => {
  await using world = await startWorld();
  const guess = () => refusal(world, "ia/signin", { name: owner.name, password: "one of many guesses" });

  const statuses: number[] = [];
  for (let tries = 0; tries < 7; tries++) statuses.push((await guess()).status);

  assert.deepEqual(statuses.slice(0, 5), [401, 401, 401, 401, 401]);
  assert.equal(statuses.at(-1), 429);
});

test("an API token may do what it was made for and nothing else, until it is revoked", async () => {
  await using world = await startWorld({ devices: 1, prefix: "fake" });
  const { id, token } = await world.client.call("ia/token/create", { name: "reader", permissions: ["device:read"] });
  const reader = as(world, token);

  assert.equal((await reader.call("cpl/dm/device/find", { device: "fake-001" })).name, "fake-001");
  const job = { device: "fake-001", kind: "ping" };
  const refused = await refusal(world, "cpl/dm/job/create", job, token);
  const more = await refusal(world, "ia/token/create", { name: "more", permissions: ["*"] }, token);
  assert.deepEqual([refused.type, refused.status], ["/problems/forbidden", 403]);
  assert.match(refused.detail, /job:create/);
  assert.equal(more.status, 403);
  assert.deepEqual((await world.client.call("cpl/dm/job/list")).items, []);

  await world.client.call("ia/token/revoke", { id });
  await assert.rejects(
    reader.call("cpl/dm/device/list"),
    (error) => error instanceof ProblemError && error.kind === "not-signed-in" && /revoked/.test(error.message),
  );
});

test("a viewer sees and does not touch; a locked account is out at once", async () => {
  await using world = await startWorld({ devices: 1, prefix: "fake" });
  const victor = { name: "victor", password: "another long password" };
  await world.client.call("ia/user/create", { ...victor, roles: ["viewer"] });
  const { token = "" } = await as(world).call("ia/signin", victor);

  assert.equal((await as(world, token).call("cpl/dm/device/list")).items.length, 1);
  assert.equal((await refusal(world, "cpl/dm/device/retire", { device: "fake-001" }, token)).status, 403);
  assert.equal((await refusal(world, "ia/audit/list", {}, token)).status, 403);
  await world.client.call("ia/user/disable", { user: "victor" });
  assert.equal((await refusal(world, "cpl/dm/device/list", {}, token)).status, 401);
  assert.equal((await refusal(world, "ia/signin", victor)).status, 401);
});

test("the audit log tells what was done and refused, by whom, and that it is whole", async () => {
  await using world = await startWorld({ devices: 1, prefix: "fake" });
  const { id, token } = await world.client.call("ia/token/create", { name: "reader", permissions: ["device:read"] });
  await world.client.call("cpl/dm/job/create", { device: "fake-001", kind: "ping" });
  await refusal(world, "cpl/dm/job/create", { device: "fake-001", kind: "ping" }, token);

  const { items } = await world.client.call("ia/audit/list", { limit: 3 });

  assert.deepEqual(
    items.map(({ actor, via, action, decision }) => [actor, via, action, decision]),
    [
      [`token:${id}`, "rest", "cpl/dm/job/create", "denied"],
      ["user:olga", "rest", "cpl/dm/job/create", "allowed"],
      ["user:olga", "rest", "ia/token/create", "allowed"],
    ],
  );
  assert.deepEqual((await world.client.call("ia/audit/verify")).faults, []);
  const all = JSON.stringify(await world.client.call("ia/audit/list", { limit: 500 }));
  assert.ok(!all.includes(token) && !all.includes(owner.password) && !all.includes(world.token));
});
