import assert from "node:assert/strict";
import { test } from "node:test";
import { open } from "@edgemere/protocol";
import { HOUR, MINUTE, SECOND } from "@edgemere/protocol/kit";
import { ManualClock } from "@edgemere/protocol/simulated";
import { created, moved, replaced } from "../../platform/change.ts";
import { memoryDatabase } from "../../platform/database.ts";
import { trustInSigner } from "../../platform/core.test-support.ts";
import { aDevice } from "../device.test-support.ts";
import { device } from "../devices/contract.ts";
import { cancelJob, createJob, findJob, listJobs, abandonCommands, command } from "./contract.ts";
import { aReport, ask, look, startJobs, type World } from "./jobs.test-support.ts";
import { counters } from "./tables.ts";

const stateOf = async (world: World, id: string) => (await world.call(findJob, { job: id })).job.state;
const connect = (world: World, id = "d1") => world.hello(id);
const byReportOf = async (world: World, ...args: Parameters<typeof aReport>) =>
  world.report("d1", "result", aReport(...args));
async function retire(world: World, id: string) {
  const row = await world.store.get(device, id);
  assert.ok(row);
  await world.store.commit(moved(device, row, "retire"));
  await world.settle();
}

test("a job for a device that is away waits, and says who asked for what and until when", async () => {
  await using world = await startJobs();

  const { job, commands } = await world.call(createJob, {
    device: "gw-1",
    kind: "service.status",
    arguments: { name: "ssh" },
    queueTimeout: 60,
    runTimeout: 5,
  });

  const shared = {
    kind: "service.status",
    arguments: { name: "ssh" },
    author: "user:alice",
    expiresAt: world.clock.now() + MINUTE,
    runTimeout: 5 * SECOND,
  };
  assert.deepEqual(
    [
      job.state,
      {
        kind: job.kind,
        arguments: job.arguments,
        author: job.author,
        expiresAt: job.expiresAt,
        runTimeout: job.runTimeout,
      },
    ],
    ["running", shared],
  );
  assert.deepEqual(
    commands.map(({ state, device, sequence, author }) => ({ state, device, sequence, author })),
    [{ state: "queued", device: "d1", sequence: 1, author: "user:alice" }],
  );
  assert.deepEqual(world.carrier.sent, []);
});

test("what waits for a slow line or for packages may run for longer than what does not", async () => {
  await using world = await startJobs();
  const runs = async (kind: "package.upgrade" | "file.get" | "exec", given: object, over: object = {}) =>
    (await world.call(createJob, { device: "gw-1", kind, arguments: { ...given }, ...over })).job.runTimeout / SECOND;

  assert.equal(await runs("exec", { argv: ["true"] }), 300);
  assert.equal(await runs("package.upgrade", {}), 3_600);
  assert.equal(await runs("file.get", { path: "/srv/x" }), 86_400);
  assert.equal(await runs("file.get", { path: "/srv/x" }, { runTimeout: 5 }), 5);
});

test("a job for a device that is there is sent at once", async () => {
  await using world = await startJobs();
  await connect(world);

  const row = await ask(world);

  assert.equal(row.state, "offered");
  assert.equal(world.carrier.messages("command").length, 1);
});

test("numbers of commands are contiguous per device, also when many are asked for at once", async () => {
  await using world = await startJobs();
  await connect(world);

  const rows = await Promise.all(
    Array.from({ length: 40 }, (_, i) => ask(world, { device: i % 2 === 0 ? "gw-1" : "gw-2" })),
  );

  const numbersOf = (id: string) =>
    rows.flatMap((row) => (row.device === id ? [row.sequence] : [])).toSorted((a, b) => a - b);
  const expected = Array.from({ length: 20 }, (_, i) => i + 1);
  assert.deepEqual([numbersOf("d1"), numbersOf("d2")], [expected, expected]);
});

for (const [title, permissions, kind, refusal] of [
  ["who may only read", ["job:read"], "ping", /it needs the permission job:create/],
  ["who may create jobs but not of this kind", ["job:create"], "exec", /it needs the permission command:exec/],
  ["who may ask for another kind", ["job:create", "command:ping"], "exec", /may not ask for exec/],
] as const) {
  test(`${title} is refused, and no command is made`, async () => {
    await using world = await startJobs();

    const asked = world.call(createJob, { device: "gw-1", kind, arguments: { argv: ["id"] } }, { permissions });

    await assert.rejects(asked, { type: "forbidden", message: refusal });
    assert.deepEqual((await world.call(listJobs, {})).items, []);
  });
}

test("who may create jobs of one kind may create those", async () => {
  await using world = await startJobs();

  await world.call(createJob, { device: "gw-1", kind: "ping" }, { permissions: ["job:create", "command:ping"] });
  await world.call(createJob, { device: "gw-1", kind: "ping" }, { permissions: ["job:*", "command:*"] });

  assert.equal((await world.call(listJobs, {})).items.length, 2);
});

test("wrong arguments leave nothing behind, and the next command has the next number", async () => {
  await using world = await startJobs();
  await assert.rejects(ask(world, { kind: "exec", arguments: { argv: [] } }), { type: "invalid-input" });
  await assert.rejects(ask(world, { device: "gw-9" }), { type: "not-found" });

  assert.equal((await ask(world)).sequence, 1);
});

test("a retired device takes no commands", async () => {
  await using world = await startJobs();
  await retire(world, "d1");

  await assert.rejects(ask(world), { type: "conflict", message: /"gw-1" is retired and takes no commands/ });
});

test("a Sparkplug edge node takes no commands, and none waits for it", async () => {
  await using world = await startJobs();
  await world.store.commit(aDevice("d9", { name: "press", speaks: "sparkplug" }));

  await assert.rejects(ask(world, { device: "press" }), { type: "conflict", message: /is a Sparkplug edge node/ });
  assert.deepEqual((await world.call(listJobs, {})).items, []);
});

test("jobs are listed newest first, those of one device alone too", async () => {
  await using world = await startJobs();
  const asked = [];
  for (const ref of ["gw-1", "gw-2", "gw-1"]) {
    asked.push((await ask(world, { device: ref })).job);
    await world.advance(SECOND);
  }

  const all = await world.call(listJobs, { limit: 2 });
  const rest = await world.call(listJobs, { limit: 2, cursor: all.next ?? "" });
  const own = await world.call(listJobs, { device: "d1" });

  assert.deepEqual(
    [...all.items, ...rest.items].map(({ id }) => id),
    asked.toReversed(),
  );
  assert.deepEqual(
    own.items.map(({ id }) => id),
    [asked[2], asked[0]],
  );
});

test("a command that no device has heard of is cancelled at once, and its job with it", async () => {
  await using world = await startJobs();
  const row = await ask(world);

  const { job, commands } = await world.call(cancelJob, { job: row.job });

  assert.deepEqual([job.state, commands[0]?.state, commands[0]?.reason], ["cancelled", "cancelled", "cancelled"]);
  assert.equal(commands[0]?.finishedAt, world.clock.now());
});

for (const phase of ["offered", "journaled", "running"] as const) {
  test(`a command that is ${phase} ends as cancelled when its device says so, and not before`, async () => {
    await using world = await startJobs();
    await connect(world);
    const row = await ask(world);
    if (phase !== "offered") await byReportOf(world, row, phase);

    const { job, commands } = await world.call(cancelJob, { job: row.job });
    await world.settle();

    assert.deepEqual([job.state, commands[0]?.state, commands[0]?.cancelRequested], ["running", phase, true]);
    const head = open("syncHead", world.carrier.messages("sync").at(-1)?.head ?? {}, trustInSigner);
    assert.deepEqual(head.cancelledCommands, [row.id]);
    await byReportOf(world, row, "cancelled", { reason: "cancelled" });
    assert.equal(await stateOf(world, row.job), "cancelled");
  });
}

test("a command that ended in spite of being cancelled tells what it came to", async () => {
  await using world = await startJobs();
  await connect(world);
  const row = await ask(world);
  await world.call(cancelJob, { job: row.job });

  await byReportOf(world, row, "succeeded", { ping: { uptimeSeconds: 5 } });

  const { state, result } = await look(world, row);
  assert.deepEqual([state, result, await stateOf(world, row.job)], ["succeeded", { uptimeSeconds: 5 }, "succeeded"]);
});

test("a job that is over is not cancelled, with a word on how it ended", async () => {
  await using world = await startJobs();
  await connect(world);
  const row = await ask(world);
  await byReportOf(world, row, "failed", { reason: "failed" });

  await assert.rejects(world.call(cancelJob, { job: row.job }), {
    type: "conflict",
    message: "this job is failed already",
  });
});

test("a command that no device fetched in time expires", async () => {
  await using world = await startJobs();
  const row = await ask(world, { queueTimeout: 60 });

  await world.advance(MINUTE - SECOND);
  assert.equal((await look(world, row)).state, "queued");
  await world.advance(2 * SECOND);

  const { state, reason, finishedAt } = await look(world, row);
  assert.deepEqual([state, reason, await stateOf(world, row.job)], ["expired", "too-old", "failed"]);
  assert.ok((finishedAt ?? 0) >= row.expiresAt);
});

test("a command that was offered is lost only when all hope is: an hour after it must have ended", async () => {
  await using world = await startJobs();
  await connect(world);
  const row = await ask(world, { queueTimeout: 60, runTimeout: 30 });

  await world.advance(HOUR + MINUTE + 29 * SECOND);
  assert.equal((await look(world, row)).state, "offered");
  await world.advance(2 * SECOND);

  const { state, reason } = await look(world, row);
  assert.deepEqual([state, reason, await stateOf(world, row.job)], ["lost", "no-answer", "failed"]);
});

test("a deadline that passed while the control plane was down is kept after its start", async () => {
  const database = memoryDatabase();
  const before = await startJobs({ database });
  const row = await ask(before, { queueTimeout: 60 });
  const clock = new ManualClock(row.expiresAt + HOUR);
  await using world = await startJobs({ database, clock });

  await world.advance(SECOND);

  assert.equal((await look(world, row)).state, "expired");
});

test("when a device is retired its open commands are lost, and no other device's", async () => {
  await using world = await startJobs();
  await connect(world);
  const [running, waiting, foreign] = [
    await ask(world),
    await ask(world, { kind: "inventory.refresh" }),
    await ask(world, { device: "gw-2" }),
  ];
  await byReportOf(world, running, "running");

  await retire(world, "d1");

  const ends = await Promise.all([running, waiting].map((row) => look(world, row)));
  assert.deepEqual(
    ends.map(({ state, reason }) => [state, reason]),
    [
      ["lost", "device-retired"],
      ["lost", "device-retired"],
    ],
  );
  assert.equal(await stateOf(world, running.job), "failed");
  assert.equal((await look(world, foreign)).state, "queued");
});

test("a device without open commands has none to abandon", async () => {
  await using world = await startJobs();

  assert.deepEqual(await world.call(abandonCommands, { device: "gw-1" }), { device: "d1", commands: 0 });
});

test("a device that has a thousand open commands gets no more until some end", async () => {
  await using world = await startJobs();
  const row = await ask(world);
  const more = Array.from({ length: 999 }, (_, i) => ({ ...row, id: `c${i}`, job: `j${i}`, sequence: i + 2 }));
  const numbers = replaced(counters, { id: "d1", version: 1_000, last: 1_000 }, 1);
  await world.store.commit(numbers, ...more.map((each) => created(command, each.id, each)));

  await assert.rejects(ask(world), { type: "conflict", message: /"gw-1" has 1000 open commands/ });
  assert.equal((await ask(world, { device: "gw-2" })).state, "queued");
  await world.call(cancelJob, { job: row.job });

  assert.equal((await ask(world)).sequence, 1_001);
});
