import assert from "node:assert/strict";
import { test } from "node:test";
import { decode, limits, v1 } from "@edgemere/protocol";
import { HOUR, MINUTE } from "@edgemere/protocol/kit";
import { created } from "../../platform/change.ts";
import { command, createJob } from "./contract.ts";
import { aReport, startJobs, type World } from "./jobs.test-support.ts";

/** Commands for d1 that nobody has sent yet. */
const enqueue = (world: World, count: number) =>
  world.store.commit(
    ...Array.from({ length: count }, (_, i) =>
      created(command, `c${i + 1}`, {
        job: "j1",
        device: "d1",
        kind: "ping",
        arguments: {},
        sequence: i + 1,
        author: "user:alice",
        expiresAt: world.clock.now() + HOUR,
        runTimeout: MINUTE,
        cancelRequested: false,
        reason: "",
        detail: "",
        outputBytes: 0,
        generation: 1,
      }),
    ),
  );

/** Ids of the commands in the newest Sync. */
const offered = (world: World): readonly string[] =>
  (world.carrier.messages("sync").at(-1)?.commands ?? []).map(
    ({ payload }) => decode(v1.Command, payload ?? new Uint8Array()).command,
  );

/** Says hello and takes every page that comes, as a device does; gives what it took. */
async function takeAll(world: World): Promise<readonly string[]> {
  await world.hello("d1");
  const taken: string[] = [];
  for (let page = offered(world); page.length > 0 && !taken.includes(page[0] ?? ""); page = offered(world)) {
    taken.push(...page);
    await world.report("d1", "result", ...page.map((id) => aReport({ id }, "journaled", { finishedAtMs: 0 })));
  }
  return taken;
}

test("of more commands than one Sync holds, the rest follows as the device takes the first", async () => {
  await using world = await startJobs();
  await enqueue(world, 80);

  const taken = await takeAll(world);

  assert.deepEqual(
    taken,
    Array.from({ length: 80 }, (_, i) => `c${i + 1}`),
  );
});

test("a device is offered no more commands than it takes, and the next one when one has ended", async () => {
  await using world = await startJobs();
  await enqueue(world, limits.openCommands + 2);
  const taken = await takeAll(world);
  assert.equal(taken.length, limits.openCommands);

  await world.report("d1", "result", aReport({ id: "c1" }, "succeeded"));

  assert.deepEqual(offered(world), [`c${limits.openCommands + 1}`]);
});

test("a device that says hello again hears again of what it said it has", async () => {
  await using world = await startJobs();
  await enqueue(world, 2);
  await takeAll(world);

  await world.hello("d1");

  assert.deepEqual(offered(world), ["c1", "c2"]);
});

test("arguments that no command can carry are refused, and nothing is stored", async () => {
  await using world = await startJobs();
  const argv = ["echo", ...Array.from({ length: 20 }, () => "x".repeat(4_096))];

  const asked = world.call(createJob, { device: "d1", kind: "exec", arguments: { argv } });

  await assert.rejects(asked, { name: "Problem", type: "invalid-input", message: /exec are too large: 8\d{4} bytes/ });
  assert.deepEqual((await world.store.list(command)).items, []);
});
