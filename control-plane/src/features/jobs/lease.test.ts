import assert from "node:assert/strict";
import { test } from "node:test";
import type { CommandState } from "@edgemere/protocol";
import { MINUTE } from "@edgemere/protocol/kit";
import { cancelJob } from "./contract.ts";
import { aReport, ask, look, startJobs, type World } from "./jobs.test-support.ts";
import { afterHello, afterLapse, LEASE } from "./lease.ts";

for (const [state, isConnected, isAsked, next] of [
  [undefined, true, false, "forget"],
  ["queued", true, false, "forget"],
  ["journaled", true, false, "forget"],
  ["succeeded", true, true, "forget"],
  ["lost", false, false, "forget"],
  ["offered", false, false, "wait"],
  ["offered", true, false, "ask"],
  ["offered", true, true, "ask"],
  ["running", false, false, "wait"],
  ["running", false, true, "wait"],
  ["running", true, false, "ask"],
  ["running", true, true, "lose"],
] as const satisfies readonly (readonly [CommandState | undefined, boolean, boolean, string])[]) {
  test(`silence about a command that is ${state ?? "gone"}, on a device that is ${isConnected ? "there" : "away"}${isAsked ? " and was asked" : ""}, means ${next}`, () => {
    assert.equal(afterLapse({ state, isConnected, isAsked }), next);
  });
}

const restored = { isRestored: { reason: "an older session number" } };
for (const [about, state, kind, hello, next] of [
  ["one that it remembers", "running", "exec", { openCommands: ["c1"], commandHighSequence: 9 }, "renew"],
  ["one that it remembers, of a restored device", "running", "exec", { openCommands: ["c1"], ...restored }, "renew"],
  ["one that has ended there and is not yet told", "running", "exec", { commandHighSequence: 9 }, "nothing"],
  ["one that never reached it", "offered", "exec", { commandHighSequence: 3 }, "nothing"],
  ["one that it took and never heard of", "journaled", "exec", { commandHighSequence: 3 }, "lose"],
  ["one that ran and that it never heard of", "running", "exec", { commandHighSequence: 3 }, "lose"],
  ["one that may be done twice", "running", "ping", { commandHighSequence: 3 }, "nothing"],
  ["one that a restored device may have done", "offered", "exec", { commandHighSequence: 9, ...restored }, "lose"],
  ["one that a restored device may do again", "offered", "service.status", restored, "nothing"],
  ["one that nobody was sent", "queued", "exec", restored, "nothing"],
  ["one that is over", "failed", "exec", restored, "nothing"],
  ["an agent that tells nothing of it", "running", "exec", {}, "nothing"],
] as const) {
  test(`the Hello of a device means ${next} for ${about}`, () => {
    assert.equal(afterHello({ id: "c1", kind, state, sequence: 5 }, hello), next);
  });
}

/** Lets leases end, seen by the loop that looks after them. */
async function pass(world: World, ms: number): Promise<void> {
  await world.clock.advance(ms);
  await world.settle();
}

test("a running command of which a connected device says nothing is asked for once and then lost, with a reason", async () => {
  await using world = await startJobs();
  await world.hello("d1");
  const row = await ask(world, { kind: "exec", arguments: { argv: ["true"] }, runTimeout: 86_400 });
  await world.report("d1", "result", aReport(row, "running", { finishedAtMs: 0 }));
  const syncs = () => world.carrier.messages("sync").length;
  const before = syncs();

  await pass(world, LEASE + MINUTE);
  assert.deepEqual([(await look(world, row)).state, syncs() > before], ["running", true]);
  await pass(world, LEASE + MINUTE);

  const { state, reason } = await look(world, row);
  assert.deepEqual([state, reason], ["lost", "no-progress"]);
});

test("a running command whose device gives signs of it is left alone, however long it runs", async () => {
  await using world = await startJobs();
  await world.hello("d1");
  const row = await ask(world, { kind: "exec", arguments: { argv: ["true"] }, runTimeout: 86_400 });

  for (let sign = 0; sign < 5; sign++) {
    await world.report("d1", "result", aReport(row, "running", { finishedAtMs: 0 }));
    await pass(world, LEASE - 1);
  }

  assert.equal((await look(world, row)).state, "running");
  const { version } = await look(world, row);
  assert.ok(version <= row.version + 1, "signs of life are no news");
});

test("a running command of a device that is away waits for it, and is not lost before its last deadline", async () => {
  await using world = await startJobs();
  await world.hello("d1");
  const row = await ask(world, { kind: "exec", arguments: { argv: ["true"] } });
  await world.report("d1", "result", aReport(row, "running", { finishedAtMs: 0 }));
  world.link.dropped("d1");

  await pass(world, 10 * LEASE);

  assert.equal((await look(world, row)).state, "running");
});

test("a command that was sent and not taken is sent again while its device is there", async () => {
  await using world = await startJobs();
  await world.hello("d1");
  const row = await ask(world);
  const syncs = () => world.carrier.messages("sync").length;
  const before = syncs();

  await pass(world, LEASE + MINUTE);

  assert.deepEqual([(await look(world, row)).state, syncs() > before], ["offered", true]);
});

test("the lease of a command that ended is forgotten", async () => {
  await using world = await startJobs();
  const row = await ask(world);
  await world.hello("d1");
  await world.call(cancelJob, { job: row.job });
  await world.report("d1", "result", aReport(row, "cancelled", { reason: "cancelled" }));

  await pass(world, 3 * LEASE);

  assert.equal((await look(world, row)).state, "cancelled");
});
