import assert from "node:assert/strict";
import { test } from "node:test";
import { open, openSecrets, sealingKeyBytes, sealingKeyFromBytes } from "@edgemere/protocol";
import { trustInSigner } from "../../platform/core.test-support.ts";
import { contentOf, keptDatabase } from "../../platform/sample-resource.test-support.ts";
import { updated } from "../../platform/change.ts";
import { device } from "../devices/contract.ts";
import { approveJob, createJob, findJob, job, listAwaiting } from "./contract.ts";
import type { Approvers } from "./context.ts";
import { ask, startJobs, type World } from "./jobs.test-support.ts";

const key = sealingKeyFromBytes(new Uint8Array(32).fill(5));
const CANARY = "correct horse battery staple";

/** gw-1 with a key that secrets can be sealed for. */
async function aWorld(database = keptDatabase(), approvers: Partial<Approvers> = {}): Promise<World> {
  const world = await startJobs({ database, approvers });
  const row = await world.store.get(device, "d1");
  assert.ok(row);
  await world.store.commit(updated(device, row, { sealingKey: Buffer.from(sealingKeyBytes(key)).toString("base64") }));
  return world;
}

test("secrets reach the device sealed for it and for its command, and lie in the store no other way", async () => {
  const database = keptDatabase();
  await using world = await aWorld(database);
  await world.hello("d1");

  const row = await ask(world, { kind: "exec", arguments: { argv: ["env"] }, secrets: { PASSWORD: CANARY } });

  const [envelope = {}] = world.carrier.messages("command");
  const { exec, trustDomain, device: id, command } = open("command", envelope, trustInSigner);
  assert.deepEqual(openSecrets(exec?.secrets ?? {}, key, { trustDomain, device: id, command }), { PASSWORD: CANARY });
  assert.deepEqual(row.sealed?.names, ["PASSWORD"]);
  assert.deepEqual(row.arguments, { argv: ["env"], maxOutputBytes: 1_048_576 });
  assert.ok(!(await contentOf(database)).includes(CANARY));
  assert.ok(!JSON.stringify(await world.store.events(0, 1_000)).includes(CANARY));
});

test("secrets wait with their job, sealed for the command that its approval makes, and who approves sees their names only", async () => {
  const database = keptDatabase();
  await using world = await aWorld(database, { hasOther: async () => true });
  await world.hello("d1");
  const person = (name: string) => ({ actor: `user:${name}`, account: name, permissions: ["*", "command:exec"] });
  const wish = { device: "gw-1", kind: "exec", arguments: { argv: ["env"] }, secrets: { PASSWORD: CANARY } } as const;
  const { job: asked } = await world.call(createJob, wish, person("alice"));
  const reserved = (await world.store.get(job, asked.id))?.sealed?.command;

  const shown = [await world.call(listAwaiting, {}), await world.call(findJob, { job: asked.id })];
  const bob = { ...person("bob"), permissions: ["*", "job:approve"] };
  const { commands } = await world.call(approveJob, { job: asked.id }, bob);

  assert.deepEqual(asked.sealed?.box.names, ["PASSWORD"]);
  assert.ok(!JSON.stringify([asked, shown, commands]).includes(CANARY));
  assert.equal(commands[0]?.id, reserved);
  const [envelope = {}] = world.carrier.messages("command");
  const { exec, trustDomain, device: id, command } = open("command", envelope, trustInSigner);
  assert.equal(command, reserved);
  assert.deepEqual(openSecrets(exec?.secrets ?? {}, key, { trustDomain, device: id, command }), { PASSWORD: CANARY });
  assert.ok(!(await contentOf(database)).includes(CANARY));
});

test("a device that has no key for secrets is not sent any", async () => {
  await using world = await startJobs();
  const wish = { device: "gw-1", kind: "exec", arguments: { argv: ["env"] }, secrets: { A: "b" } } as const;

  await assert.rejects(world.call(createJob, wish), /enrolled before secrets could be sealed for it; enrol it again/);
});

const refusals = [
  ["a kind that takes none", { kind: "ping", arguments: {} }, { A: "b" }, /ping takes no secrets/],
  ["a name that no variable can have", {}, { "A-B": "c" }, /secrets/],
  [
    "more than a command can hold",
    {},
    { A: "x".repeat(8_000), B: "x".repeat(8_000) },
    /together they may take 8192 bytes/,
  ],
] as const;
for (const [what, over, secrets, message] of refusals) {
  test(`secrets with ${what} are refused, and the refusal does not show them`, async () => {
    await using world = await aWorld();
    const wish = { device: "gw-1", kind: "exec", arguments: { argv: ["env"] }, secrets, ...over } as const;

    await assert.rejects(world.call(createJob, wish), (error: Error) => {
      assert.match(error.message, message);
      return !error.message.includes("x".repeat(50));
    });
  });
}
