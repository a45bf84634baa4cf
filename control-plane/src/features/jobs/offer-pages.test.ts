import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { decode, v1 } from "@edgemere/protocol";
import { startTestCore, type CoreContext } from "../../platform/core.test-support.ts";
import { aDevice } from "../device.test-support.ts";
import { command, createJob } from "./contract.ts";
import type { JobsContext } from "./context.ts";
import { jobs } from "./index.ts";

async function startWorld() {
  const signingKey = { keyId: "test", privateKey: generateKeyPairSync("ed25519").privateKey };
  const world = await startTestCore<JobsContext & CoreContext>({
    features: [jobs],
    context: { signingKey, authority: { trustDomain: "test" } },
  });
  await world.store.commit(aDevice("d1"));
  return world;
}
type World = Awaited<ReturnType<typeof startWorld>>;

const pings = async (world: World, count: number) => {
  for (let i = 0; i < count; i++) await world.call(createJob, { device: "d1", kind: "ping" });
};
/** Ids of the commands in the Syncs after the first `after`. */
const offeredAfter = (world: World, after: number) =>
  world.carrier
    .messages("sync")
    .slice(after)
    .map(({ commands }) => commands.map(({ payload }) => decode(v1.Command, payload ?? new Uint8Array()).command));
const phase = v1.CommandPhase;
const reported = (id: string, finished: boolean) => ({
  commandReport: finished
    ? { command: id, phase: phase.COMMAND_PHASE_SUCCEEDED, finishedAtMs: 1 }
    : { command: id, phase: phase.COMMAND_PHASE_JOURNALED },
});

test("of more commands than one Sync holds, the rest follows when the device has taken the first", async () => {
  await using world = await startWorld();
  await pings(world, 80);
  await world.hello("d1");
  const taken: string[] = [];
  for (let page = offeredAfter(world, 0).at(-1); page && page.length > 0 && taken.length < 80;) {
    taken.push(...page);
    await world.report("d1", "result", ...page.map((id) => reported(id, false)));
    page = offeredAfter(world, 0).at(-1);
  }
  assert.equal(taken.length, 80);
  assert.equal(new Set(taken).size, 80);
});

test("a device is never offered more commands than it takes, and gets the next when one has ended", async () => {
  await using world = await startWorld();
  await pings(world, 260);
  await world.hello("d1");
  const taken: string[] = [];
  for (let page = offeredAfter(world, 0).at(-1) ?? []; page.length > 0; page = offeredAfter(world, 0).at(-1) ?? []) {
    taken.push(...page);
    await world.report("d1", "result", ...page.map((id) => reported(id, false)));
  }
  assert.equal(taken.length, 256);

  await world.report("d1", "result", reported(taken[0] ?? "", true));

  assert.equal(offeredAfter(world, 0).at(-1)?.length, 1);
});

test("a device that says hello again hears again of what it said it has", async () => {
  await using world = await startWorld();
  await pings(world, 2);
  await world.hello("d1");
  const [ids = []] = offeredAfter(world, 0);
  await world.report("d1", "result", ...ids.map((id) => reported(id, false)));

  await world.hello("d1");

  assert.deepEqual(offeredAfter(world, 1), [ids]);
});

test("arguments that no command can carry are refused, and nothing is stored", async () => {
  await using world = await startWorld();
  const argv = ["echo", ...Array.from({ length: 20 }, () => "x".repeat(4_096))];

  const asked = world.call(createJob, { device: "d1", kind: "exec", arguments: { argv } });

  await assert.rejects(asked, { name: "Problem", type: "invalid-input", message: /exec take 8\d{4} bytes/ });
  assert.deepEqual((await world.store.list(command)).items, []);
});
