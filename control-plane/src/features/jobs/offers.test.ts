import assert from "node:assert/strict";
import { test } from "node:test";
import { open, v1, type Packet } from "@edgemere/protocol";
import { MINUTE } from "@edgemere/protocol/kit";
import { moved } from "../../platform/change.ts";
import { trustInSigner } from "../../platform/core.test-support.ts";

import { setGeneration } from "../../platform/generation.ts";
import { keptDatabase } from "../../platform/sample-resource.test-support.ts";
import { device } from "../devices/contract.ts";
import { cancelJob, command, findJob, type Command } from "./contract.ts";
import { aReport, ask, look, startJobs, type World } from "./jobs.test-support.ts";

const idOf = (envelope: v1.SignedEnvelope.$Shape) => open("command", envelope, trustInSigner).command;

/** The device says hello; what its Sync then holds. */
async function sync(world: World) {
  await world.hello("d1");
  const message = world.carrier.messages("sync").at(-1);
  assert.ok(message);
  const { cancelledCommands: cancelled } = open("syncHead", message.head ?? {}, trustInSigner);
  return { commands: message.commands.map(idOf), cancelled, more: message.moreCommands, head: message.head };
}
async function turn(world: World, signal: "quarantine" | "release") {
  const row = await world.store.get(device, "d1");
  assert.ok(row);
  await world.store.commit(moved(device, row, signal));
}
async function askedFor(world: World, count: number, over: Parameters<typeof ask>[1] = {}) {
  const rows: Command[] = [];
  for (let i = 0; i < count; i++) rows.push(await ask(world, over));
  return rows;
}
const idsOf = (rows: readonly Command[]) => rows.map(({ id }) => id);

test("what waits for a device comes with its Sync, oldest first, and is offered from then on", async () => {
  await using world = await startJobs();
  const rows = await askedFor(world, 3);

  const { commands, cancelled, more } = await sync(world);

  assert.deepEqual([commands, cancelled, more], [idsOf(rows), [], false]);
  const states = await Promise.all(rows.map(async (row) => (await look(world, row)).state));
  assert.deepEqual(states, ["offered", "offered", "offered"]);
});

test("a command is offered again with every Sync until its device ended it", async () => {
  await using world = await startJobs();
  const [first, second] = await askedFor(world, 2);
  assert.ok(first && second);
  await sync(world);
  await world.report("d1", "result", aReport(first, "succeeded"), aReport(second, "running"));

  assert.deepEqual((await sync(world)).commands, [second.id]);
});

test("more than one Sync holds comes with the next ones, in order and each once the ones before are done", async () => {
  await using world = await startJobs();
  const rows = await askedFor(world, 40);

  const first = await sync(world);
  await world.report("d1", "result", ...rows.slice(0, 32).map((row) => aReport(row, "succeeded")));
  const second = await sync(world);

  assert.deepEqual([first.commands, first.more], [idsOf(rows.slice(0, 32)), true]);
  assert.deepEqual([second.commands, second.more], [idsOf(rows.slice(32)), false]);
});

test("few large commands fill a Sync as well", async () => {
  await using world = await startJobs();
  const rows = await askedFor(world, 5, { kind: "exec", arguments: { argv: ["cat"], stdin: "x".repeat(32_768) } });

  const { commands, more } = await sync(world);

  assert.deepEqual([commands, more], [idsOf(rows.slice(0, 3)), true]);
});

test("a quarantined device is offered nothing, and everything when it is released", async () => {
  await using world = await startJobs();
  await turn(world, "quarantine");
  const row = await ask(world);

  assert.deepEqual((await sync(world)).commands, []);
  assert.deepEqual([(await ask(world)).state, world.carrier.messages("command").length], ["queued", 0]);
  await turn(world, "release");

  assert.equal((await sync(world)).commands[0], row.id);
});

test("the newest number is told also when nothing is offered: that commands are held back can be seen", async () => {
  await using world = await startJobs();
  await turn(world, "quarantine");
  await askedFor(world, 2);

  const { head } = await sync(world);

  assert.ok(head);
  // The core's own key signs heads; here only what it says is of interest.
  assert.equal(v1.SyncHead.decode(head.payload ?? new Uint8Array()).latestSequence, 2);
});

test("a cancelled command is named as such and not offered again", async () => {
  await using world = await startJobs();
  await sync(world);
  const row = await ask(world);
  await world.call(cancelJob, { job: row.job });

  const { commands, cancelled } = await sync(world);

  assert.deepEqual([commands, cancelled], [[], [row.id]]);
});

test("a command that was cancelled before anybody heard of it is not named at all", async () => {
  await using world = await startJobs();
  const row = await ask(world);
  await world.call(cancelJob, { job: row.job });

  const { commands, cancelled } = await sync(world);

  assert.deepEqual([commands, cancelled], [[], []]);
});

test("a command whose deadline passed before it was told is never told", async () => {
  await using world = await startJobs();
  const row = await ask(world, { queueTimeout: 60 });
  world.clock.step(MINUTE);

  assert.deepEqual((await sync(world)).commands, []);
  assert.equal((await look(world, row)).state, "queued");
});

test("that a command was offered is durable before it is sent", async () => {
  await using world = await startJobs();
  const stored: (string | undefined)[] = [];
  await world.hello("d1");
  world.link.attach({
    disconnect: () => {},
    send: async ({ topic }: Packet) => {
      if (!topic.endsWith("/down/command")) return;
      const { items } = await world.store.list(command);
      stored.push(items[0]?.state);
    },
  });

  await ask(world);

  assert.deepEqual(stored, ["offered"]);
});

test("a job is made also when its command cannot be sent now: the next Sync brings it", async () => {
  await using world = await startJobs();
  await world.hello("d1");
  world.link.attach({ disconnect: () => {}, send: () => Promise.reject(new Error("the socket is gone")) });

  const row = await ask(world);
  world.link.attach(world.carrier);

  assert.equal((await world.call(findJob, { job: row.job })).job.state, "running");
  assert.deepEqual((await sync(world)).commands, [row.id]);
});

test("a command goes to its own device only", async () => {
  await using world = await startJobs();
  await world.hello("d2");
  await ask(world);

  assert.deepEqual(
    world.carrier.sent.map(({ name, device }) => [name, device]),
    [["sync", "d2"]],
  );
  assert.deepEqual(world.carrier.messages("sync")[0]?.commands, []);
});

test("a command from before a restore, of which no device has heard, is sent as one of this life with a new number", async () => {
  const database = keptDatabase();
  let rows: Command[];
  {
    await using before = await startJobs({ database });
    rows = await askedFor(before, 2);
    await setGeneration(before.store, 3);
  }
  await using world = await startJobs({ database });

  await world.hello("d1");

  const bodies = (world.carrier.messages("sync").at(-1)?.commands ?? []).map((each) =>
    open("command", each, trustInSigner),
  );
  assert.deepEqual(
    bodies.map(({ command: id, generation, sequence }) => [id, generation, sequence]),
    idsOf(rows).map((id, i) => [id, 3, 2 * 2 ** 32 + 1 + i]),
  );
  const { job } = rows[0] as Command;
  const found = await world.call(findJob, { job });
  assert.deepEqual(
    found.commands.map(({ generation, state }) => [generation, state]),
    [[3, "offered"]],
  );
});

/** A command that waits since before a restore, with its world after it. */
async function askedBeforeARestore(): Promise<{ world: World; row: Command }> {
  const database = keptDatabase();
  await using before = await startJobs({ database });
  const row = await ask(before, { queueTimeout: 60 });
  await setGeneration(before.store, 3);
  return { world: await startJobs({ database }), row };
}

test("that a command never began is not said where it may have been sent before a restore", async () => {
  const { world, row } = await askedBeforeARestore();
  await using _ = world;

  await world.advance(2 * MINUTE);

  const { state, reason, detail } = await look(world, row);
  assert.deepEqual([state, reason], ["lost", "no-answer"]);
  assert.match(detail ?? "", /before the control plane was restored/);
});

test("a cancelled command that may have been sent before a restore is called off at its device", async () => {
  const { world, row } = await askedBeforeARestore();
  await using _ = world;

  await world.call(cancelJob, { job: row.job });

  assert.deepEqual((await sync(world)).cancelled, [row.id]);
  await world.report("d1", "result", aReport(row, "cancelled", { reason: "cancelled" }));
  assert.equal((await look(world, row)).state, "cancelled");
});
