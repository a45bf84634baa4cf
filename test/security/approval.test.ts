import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createClient, ProblemError, type Client } from "@edgemere/control-plane/client";
import { endOf, outputOf } from "../world/jobs.ts";
import { startWorld, type World } from "../world/world.ts";

const password = "a long enough password";
let world: World;
const people: Record<string, Client> = {};

before(async () => {
  world = await startWorld();
  await world.enrolAgent("gw1", ["--allow", "exec"]);
  for (const [name, roles] of [
    ["mallory", ["operator", "approver"]],
    ["ada", ["approver"]],
    ["vera", ["viewer"]],
  ] as const) {
    await world.client.call("ia/user/create", { name, password, roles: [...roles] });
    const { token = "" } = await createClient({ baseUrl: world.baseUrl }).call("ia/signin", { name, password });
    people[name] = createClient({ baseUrl: world.baseUrl, token });
  }
  // A whole operator, and more: who may exec, and may approve.
  await world.client.call("ia/user/assign", { user: "mallory", roles: ["owner"] });
});
after(() => world[Symbol.asyncDispose]());

const as = (name: string): Client => people[name] ?? assert.fail(`nobody is called ${name}`);
const exec = { device: "gw1", kind: "exec", arguments: { argv: ["echo", "done"] } } as const;
const asksFor = async (name: string) => (await as(name).call("cpl/dm/job/create", exec)).job;
const refused = (asking: Promise<unknown>, kind: string) =>
  assert.rejects(asking, (error) => error instanceof ProblemError && error.kind === kind);

test("T12 one person alone gets nothing dangerous done: it waits, the device hears nothing of it, and the own yes counts for nothing", async () => {
  const job = await asksFor("mallory");
  const { token } = await as("mallory").call("ia/token/create", { name: "me", permissions: ["job:approve"] });

  assert.equal(job.state, "awaitingapproval");
  await refused(as("mallory").call("cpl/dm/job/approve", { job: job.id }), "forbidden");
  await refused(
    createClient({ baseUrl: world.baseUrl, token }).call("cpl/dm/job/approve", { job: job.id }),
    "forbidden",
  );
  await refused(as("vera").call("cpl/dm/job/approve", { job: job.id }), "forbidden");
  // What is sent afterwards arrives first, and alone: nothing was under way.
  const { commands } = await as("mallory").call("cpl/dm/job/create", { device: "gw1", kind: "ping" });
  assert.equal(commands[0]?.sequence, 1);
  assert.deepEqual((await as("mallory").call("cpl/dm/job/find", { job: job.id })).commands, []);
});

test("T12 many dangerous jobs of one person all wait", async () => {
  const jobs = await Promise.all(Array.from({ length: 30 }, () => asksFor("mallory")));

  assert.deepEqual([...new Set(jobs.map(({ state }) => state))], ["awaitingapproval"]);
});

test("T12 with a second person it is done, once, and both are named", async () => {
  const { id } = await asksFor("mallory");

  const { job } = await as("ada").call("cpl/dm/job/approve", { job: id });
  const command = await endOf(world, id);

  assert.equal(job.decision?.by, "user:ada");
  assert.deepEqual([command.state, command.author, command.approvals], ["succeeded", "user:mallory", ["user:ada"]]);
  assert.equal((await outputOf(world, command)).stdout, "done\n");
  await refused(as("ada").call("cpl/dm/job/approve", { job: id }), "conflict");
  const { items } = await world.client.call("ia/audit/list", { limit: 100 });
  assert.ok(items.some(({ actor, action }) => actor === "user:ada" && action === "cpl/dm/job/approve"));
});

test("T12 what somebody asked for whose account is locked meanwhile is not done any more", async () => {
  const { id } = await asksFor("mallory");
  await world.client.call("ia/user/disable", { user: "mallory" });

  await refused(as("ada").call("cpl/dm/job/approve", { job: id }), "conflict");
});
