import assert from "node:assert/strict";
import { test } from "node:test";
import { pack, type v1 } from "@edgemere/protocol";
import { findJob, type Command } from "./contract.ts";
import { aReport, ask, look, startJobs, type World } from "./jobs.test-support.ts";

/** A device that is there, and a command it was sent. */
async function aWorld(): Promise<{ world: World; row: Command; before: number }> {
  const world = await startJobs();
  await world.hello("d1");
  const row = await ask(world);
  return { world, row, before: world.store.lastNumber };
}

test("a command goes through its states by its device's word, and its job ends with it", async () => {
  const { world, row, before } = await aWorld();
  await using _ = world;

  await world.report("d1", "result", aReport(row, "journaled", { startedAtMs: 0, finishedAtMs: 0 }));
  await world.report("d1", "result", aReport(row, "running", { finishedAtMs: 0 }));
  await world.report("d1", "result", aReport(row, "succeeded", { ping: { uptimeSeconds: 12 } }));

  const { job, commands } = await world.call(findJob, { job: row.job });
  assert.deepEqual(
    commands.map(({ state, startedAt, finishedAt, result }) => ({ state, startedAt, finishedAt, result })),
    [{ state: "succeeded", startedAt: 1_000, finishedAt: 2_000, result: { uptimeSeconds: 12 } }],
  );
  assert.equal(job.state, "succeeded");
  assert.deepEqual(
    (await world.eventTypes(before)).filter((type) => !type.endsWith(".updated")),
    ["command.journaled", "command.running", "command.succeeded", "job.succeeded"],
  );
});

test("several reports of one command in one batch all count, in order", async () => {
  const { world, row, before } = await aWorld();
  await using _ = world;

  await world.report(
    "d1",
    "result",
    aReport(row, "journaled"),
    aReport(row, "running"),
    aReport(row, "failed", { reason: "exit-code", detail: "3" }),
  );

  const { state, reason, detail, version } = await look(world, row);
  assert.deepEqual([state, reason, detail, version], ["failed", "exit-code", "3", row.version + 3]);
  assert.deepEqual(
    (await world.eventTypes(before)).filter((type) => !type.endsWith(".updated")),
    ["command.journaled", "command.running", "command.failed", "job.failed"],
  );
});

test("a command and its job end in one commit: nobody sees the one without the other", async () => {
  const { world, row } = await aWorld();
  await using _ = world;
  const seen: string[] = [];
  world.store.onCommit(() => {
    void look(world, row).then(async ({ state }) =>
      seen.push(`${state} ${(await world.call(findJob, { job: row.job })).job.state}`),
    );
  });

  await world.report("d1", "result", aReport(row, "succeeded"));
  await world.settle();

  assert.deepEqual(new Set(seen), new Set(["succeeded succeeded"]));
});

test("another end than the one that counts is kept as evidence, told once, and never applied", async () => {
  const { world, row } = await aWorld();
  await using _ = world;
  await world.report("d1", "result", aReport(row, "succeeded"));
  const [end, before] = [await look(world, row), world.store.lastNumber];

  await world.report("d1", "result", aReport(row, "failed", { reason: "exit-code", detail: "3" }));
  await world.report("d1", "result", aReport(row, "interrupted", { reason: "agent-stopped" }));

  const { lateResult, ...after } = await look(world, row);
  assert.deepEqual({ ...after, version: end.version, updatedAt: end.updatedAt }, end);
  assert.deepEqual([lateResult?.state, lateResult?.reason, lateResult?.detail], ["failed", "exit-code", "3"]);
  assert.deepEqual(await world.eventTypes(before), ["command.updated", "command.late"]);
  assert.equal((await world.call(findJob, { job: row.job })).job.state, "succeeded");
});

test("a command that its device denies to have begun, and had told of as running, is lost with the device's words", async () => {
  const { world, row } = await aWorld();
  await using _ = world;
  await world.report("d1", "result", aReport(row, "running", { startedAtMs: 7, finishedAtMs: 0 }));

  await world.report(
    "d1",
    "result",
    aReport(row, "rejected", { reason: "replayed", detail: "number 1 has come before" }),
  );

  const { state, reason, detail, startedAt } = await look(world, row);
  assert.deepEqual([state, reason, startedAt], ["lost", "device-restored", 7]);
  assert.match(detail ?? "", /had begun, and .* never did \(replayed: number 1 has come before\)/);
  assert.equal((await world.call(findJob, { job: row.job })).job.state, "failed");
});

test("reports that are repeated or out of turn change nothing", async () => {
  const { world, row } = await aWorld();
  await using _ = world;
  await world.report("d1", "result", aReport(row, "running"), aReport(row, "succeeded"));
  const [end, before] = [await look(world, row), world.store.lastNumber];

  await world.report("d1", "result", aReport(row, "succeeded"), aReport(row, "running"));
  await world.replay("d1", "result", aReport(row, "running"), aReport(row, "succeeded"));

  assert.deepEqual(await look(world, row), end);
  assert.equal(world.store.lastNumber, before);
});

test("a device's word on another device's command, or on one that is not there, changes nothing", async () => {
  const { world, row, before } = await aWorld();
  await using _ = world;

  await world.report("d2", "result", aReport(row, "succeeded"), aReport({ id: "nothing" }, "succeeded"));

  assert.equal((await look(world, row)).state, "offered");
  assert.equal(world.store.lastNumber, before);
});

test("a useless report does not keep those beside it from counting", async () => {
  const { world, row } = await aWorld();
  await using _ = world;
  const other = await ask(world);

  await world.report("d1", "result", aReport({ id: "nothing" }, "succeeded"), aReport(other, "succeeded"));

  assert.deepEqual([(await look(world, row)).state, (await look(world, other)).state], ["offered", "succeeded"]);
});

test("a report counts also where records before it were lost", async () => {
  const { world, row } = await aWorld();
  await using _ = world;
  const gap = { upTo: 4, records: 4, reason: "spool-full" };
  const records: v1.Record.$Properties[] = [
    { sequence: 1, atMs: 1_000, gap },
    { sequence: 5, atMs: 1_000, ...aReport(row, "succeeded") },
  ];

  await world.arrived("d1", pack("result", { device: "d1" }, { records, firstUnacknowledged: 1, sessionEpoch: 1 }));

  assert.equal((await look(world, row)).state, "succeeded");
});
