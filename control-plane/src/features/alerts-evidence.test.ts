import assert from "node:assert/strict";
import { test } from "node:test";
import { HOUR, SECOND } from "@edgemere/protocol/kit";
import type { OutputOf } from "../platform/action.ts";
import { created } from "../platform/change.ts";
import type { queryData } from "./data-catalogue/contract.ts";
import { file, readFile } from "./files/contract.ts";
import { command, type Command } from "./jobs/contract.ts";
import { aReport } from "./jobs/jobs.test-support.ts";
import * as contract from "./policies/contract.ts";
import { collectings } from "./policies/evidence.ts";
import { busy, startWorld, type World } from "./policies.test-support.ts";

const collect = { do: "command", kind: "log.collect", arguments: { files: ["/var/log/worker.log"] } } as const;

/** A device whose alert fired, and which was asked for its logs. */
async function startFiring(): Promise<{ readonly world: World; readonly asked: Command }> {
  const world = await startWorld();
  await world.hello("d1");
  const hot = { name: "hot", condition: 'value("cpu.busy_percent") > 90', effects: [collect] };
  await world.call(contract.createPolicy, hot);
  await world.advance(2 * SECOND);
  await busy(world, "d1", 95);
  await world.advance(5 * SECOND);
  const [asked] = (await world.store.list(command)).items;
  assert.equal(asked?.kind, "log.collect");
  return { world, asked };
}
const write = (world: World, { id }: Command, offset: number, content: string) =>
  world.report("d1", "log", {
    commandOutput: { command: id, channel: "stdout", offset, content: Buffer.from(content) },
  });
const end = (world: World, row: Command, outputBytes: number) =>
  world.report(
    "d1",
    "result",
    aReport(row, "succeeded", { finishedAtMs: world.clock.now(), logCollect: { outputBytes } }),
  );
const found = async (world: World, expression: string) =>
  ((await world.ask("diml/dml/fmdm/query", { expression })) as OutputOf<typeof queryData>).items;

test("logs that an alert has collected are data of that alert, once all of them came", async () => {
  const { world, asked } = await startFiring();
  await using _ = world;
  await world.report("d1", "result", aReport(asked, "running"));
  await write(world, asked, 0, "worker: started\n");
  await world.advance(10 * SECOND);
  assert.deepEqual(await found(world, "kind:log"), []);

  await write(world, asked, 16, "worker: died\n");
  await end(world, asked, 29);
  await world.advance(10 * SECOND);

  const [evidence, ...others] = await found(world, "alert == 'd1/hot'");
  assert.deepEqual(others, []);
  assert.deepEqual([evidence?.from, evidence?.lineage?.alert, evidence?.bytes], ["d1", "d1/hot", 29]);
  const { content } = await world.call(readFile, { file: evidence?.id ?? "" });
  assert.equal(Buffer.from(content, "base64").toString(), "worker: started\nworker: died\n");
  assert.deepEqual(await found(world, "alert == 'd2/hot'"), []);

  await world.advance(10 * SECOND);
  assert.equal((await world.store.list(file)).items.length, 1);
});

test("a job that wrote nothing leaves no evidence, and is waited for no more", async () => {
  const { world, asked } = await startFiring();
  await using _ = world;

  await world.report("d1", "result", aReport(asked, "failed", { reason: "failed", detail: "no such folder" }));
  await world.advance(10 * SECOND);

  assert.deepEqual(await found(world, "kind:log"), []);
  assert.deepEqual((await world.store.list(collectings)).items, []);
});

test("a file that a device sends for a policy is evidence, and one that it sends for a person is none", async () => {
  await using world = await startWorld();
  const draft = { name: "trace.pcap", bytes: 4, sha256: "a".repeat(64), device: "d1", keepFor: HOUR, reason: "" };
  const expiresAt = world.clock.now() + HOUR;
  for (const author of ["policy:hot", "user:alice"])
    await world.store.commit(created(file, `by-${author.slice(0, 4)}`, { ...draft, author, expiresAt }, "ready"));
  await world.advance(SECOND);

  assert.deepEqual(
    (await found(world, "kind:capture")).map(({ id, lineage }) => [id, lineage?.alert]),
    [
      ["by-poli", "d1/hot"],
      ["by-user", undefined],
    ],
  );
});
