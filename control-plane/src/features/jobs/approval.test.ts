import assert from "node:assert/strict";
import { test } from "node:test";
import { v1 } from "@edgemere/protocol";
import { MINUTE, SECOND } from "@edgemere/protocol/kit";
import { approveJob, cancelJob, createJob, listAwaiting, refuseJob, type Job } from "./contract.ts";
import { startJobs, type World } from "./jobs.test-support.ts";

const exec = { device: "gw-1", kind: "exec", arguments: { argv: ["id"] } } as const;
const permissions = ["*", "command:exec", "job:approve"];
const alice = { actor: "user:alice", account: "alice", permissions };
const bob = { actor: "user:bob", account: "bob", permissions };
const aliceToken = { actor: "token:t1", account: "alice", permissions };

const startTwo = () => startJobs({ approvers: { hasOther: async () => true } });
const asked = async (world: World, over: object = {}): Promise<Job> =>
  (await world.call(createJob, { ...exec, ...over }, alice)).job;

test("a dangerous job waits for a second person: it has no command, and nothing is sent", async () => {
  await using world = await startTwo();
  await world.hello("d1");

  const { job, commands } = await world.call(createJob, exec, alice);

  assert.deepEqual([job.state, commands], ["awaitingapproval", []]);
  assert.deepEqual(world.carrier.messages("command"), []);
  assert.deepEqual(
    (await world.call(listAwaiting, {})).items.map(({ id }) => id),
    [job.id],
  );
});

test("the second person's yes sends it, signed with both names", async () => {
  await using world = await startTwo();
  await world.hello("d1");
  const { id } = await asked(world);

  const { job, commands } = await world.call(approveJob, { job: id }, bob);

  assert.deepEqual([job.state, job.decision?.by, commands.length], ["running", "user:bob", 1]);
  const [envelope] = world.carrier.messages("command");
  const body = v1.Command.decode(envelope?.payload ?? new Uint8Array());
  assert.deepEqual([body.actor, body.approvals], ["user:alice", ["user:bob"]]);
  await assert.rejects(world.call(approveJob, { job: id }, bob), { type: "conflict", message: /it is running/ });
});

for (const [who, caller] of [
  ["who asked for it", alice],
  ["a token of who asked for it", aliceToken],
] as const)
  test(`${who} neither approves nor refuses it`, async () => {
    await using world = await startTwo();
    const { id } = await asked(world);

    await assert.rejects(world.call(approveJob, { job: id }, caller), { type: "forbidden", message: /second person/ });
    await assert.rejects(world.call(refuseJob, { job: id }, caller), { type: "forbidden" });
  });

test("what is no person approves nothing, and neither does who lacks the permission", async () => {
  await using world = await startTwo();
  const { id } = await asked(world);

  await assert.rejects(world.call(approveJob, { job: id }, { actor: "rule:x", account: undefined }), {
    type: "forbidden",
    message: /no person/,
  });
  await assert.rejects(world.call(approveJob, { job: id }, { ...bob, permissions: ["job:create", "command:*"] }), {
    type: "forbidden",
    message: /job:approve/,
  });
});

test("a refused, a cancelled and a forgotten job end without a command", async () => {
  await using world = await startTwo();
  const [refused, cancelled, forgotten] = [await asked(world), await asked(world), await asked(world)];

  const no = await world.call(refuseJob, { job: refused.id, reason: "not today" }, bob);
  const off = await world.call(cancelJob, { job: cancelled.id }, alice);
  await world.advance(61 * MINUTE);

  assert.deepEqual([no.job.state, no.job.decision?.reason], ["refused", "not today"]);
  assert.equal(off.job.state, "cancelled");
  await assert.rejects(world.call(approveJob, { job: forgotten.id }, bob), { message: /it is expired/ });
  assert.deepEqual((await world.call(listAwaiting, {})).items, []);
  assert.deepEqual(world.carrier.messages("command"), []);
});

test("an approval that comes after the time is over is none, though nobody has called the job expired yet", async () => {
  await using world = await startJobs({ approvers: { hasOther: async () => true } });
  const { id } = await asked(world, { queueTimeout: 1 });
  await world.clock.advance(SECOND);

  await assert.rejects(world.call(approveJob, { job: id }, bob), { type: "conflict" });
});

test("what somebody asked for whose account is locked meanwhile is not approved any more", async () => {
  await using world = await startJobs({ approvers: { hasOther: async () => true, isActive: async () => false } });
  const { id } = await asked(world);

  await assert.rejects(world.call(approveJob, { job: id }, bob), { type: "conflict", message: /locked/ });
});

for (const [rule, isOther, state] of [
  ["auto", false, "running"],
  ["auto", true, "awaitingapproval"],
  ["always", false, "awaitingapproval"],
  ["never", true, "running"],
] as const)
  test(`with the rule ${rule}, and ${isOther ? "somebody" : "nobody"} else who could, a dangerous job is ${state}`, async () => {
    await using world = await startJobs({ approvers: { rule, hasOther: async () => isOther } });

    assert.equal((await asked(world)).state, state);
    assert.equal((await asked(world, { kind: "ping", arguments: {} })).state, "running");
  });
