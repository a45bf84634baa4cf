import assert from "node:assert/strict";
import { test } from "node:test";
import { HOUR, SECOND } from "@edgemere/protocol/kit";
import type { OutputOf } from "../platform/action.ts";
import { created } from "../platform/change.ts";
import type { queryData } from "./data-catalogue/contract.ts";
import { aDevice } from "./device.test-support.ts";
import { file, readFile } from "./files/contract.ts";
import { command, type Command } from "./jobs/contract.ts";
import { aReport } from "./jobs/jobs.test-support.ts";
import * as contract from "./policies/contract.ts";
import type { Effect } from "./policies/effect-contract.ts";
import { evidenceFiles, evidenceRollouts } from "./policies/evidence-contract.ts";
import { collectings, groupCollectings } from "./policies/evidence.ts";
import { busy, startWorld, type World } from "./policies.test-support.ts";

const collect = { do: "command", kind: "log.collect", arguments: { files: ["/var/log/worker.log"] } } as const;

/** A group whose alert fired, and whose devices were asked for their logs, or for something else. */
async function startFiring(
  devices: number,
  effect: Effect = collect,
): Promise<{ readonly world: World; readonly ids: readonly string[] }> {
  const world = await startWorld();
  const more = Array.from({ length: devices - 2 }, (_, i) => `e${String(i).padStart(2, "0")}`);
  await world.store.commit(...more.map((id) => aDevice(id, {})));
  const ids = ["d1", "d2", ...more];
  for (const id of ids) await world.hello(id);
  const hot = { name: "hot", condition: 'average(value("cpu.busy_percent")) > 80', per: "fleet", effects: [effect] };
  await world.call(contract.createPolicy, hot);
  await world.advance(3 * SECOND);
  for (const id of ids) await busy(world, id, 95);
  await world.advance(20 * SECOND);
  return { world, ids };
}

const asked = async ({ store }: World): Promise<readonly Command[]> =>
  (await store.list(command, { limit: 500 })).items;

/** A device sends its logs and is done. */
async function send(world: World, row: Command, text: string): Promise<void> {
  await world.report(row.device, "result", aReport(row, "running"));
  await world.report(row.device, "log", {
    commandOutput: { command: row.id, channel: "stdout", offset: 0, content: Buffer.from(text) },
  });
  const ended = { finishedAtMs: world.clock.now(), logCollect: { outputBytes: text.length } };
  await world.report(row.device, "result", aReport(row, "succeeded", ended));
}

const found = async (world: World) =>
  (
    (await world.ask("diml/dml/fmdm/query", {
      expression: "alert == '@fleet/hot'",
      limit: 100,
    })) as OutputOf<typeof queryData>
  ).items;

const textOf = async (world: World, file: string) =>
  Buffer.from((await world.call(readFile, { file })).content, "base64").toString();

test("logs that an alert of a group has collected are data of that alert, each as soon as its device sent it", async () => {
  const { world } = await startFiring(2);
  await using _ = world;
  const [first, second] = await asked(world);
  assert.ok(first && second);

  await send(world, first, "worker: died\n");
  await world.advance(10 * SECOND);
  assert.deepEqual(
    (await found(world)).map(({ from, lineage }) => [from, lineage?.device, lineage?.alert]),
    [[first.device, first.device, "@fleet/hot"]],
  );
  await send(world, second, "worker: lives\n");
  await world.advance(10 * SECOND);

  const all = await found(world);
  assert.deepEqual(await Promise.all(all.map(({ id }) => textOf(world, id))), ["worker: died\n", "worker: lives\n"]);
  assert.deepEqual([await world.store.count(collectings), await world.store.count(groupCollectings)], [0, 0]);
  assert.deepEqual((await world.store.list(evidenceFiles)).items, []);
});

test("of a large group as many logs are kept as an alert may have, and what was left out is said", async () => {
  const { world, ids } = await startFiring(24);
  await using _ = world;
  const told = new Set<string>();
  // In waves, as they are asked.
  for (let wave = 0; wave < 6; wave++) {
    for (const row of await asked(world)) {
      if (told.has(row.id)) continue;
      told.add(row.id);
      if (row.device === "d2")
        await world.report("d2", "result", aReport(row, "failed", { reason: "failed", detail: "no such folder" }));
      else await send(world, row, `log of ${row.device}\n`);
    }
    await world.advance(10 * SECOND);
  }
  await world.advance(60 * SECOND);
  assert.equal(told.size, ids.length);

  const all = await found(world);
  const logs = all.filter(({ from }) => from !== undefined);
  assert.equal(new Set(logs.map(({ from }) => from)).size, 20);
  const [words, ...others] = all.filter(({ from }) => from === undefined);
  assert.deepEqual(others, []);
  assert.match(
    await textOf(world, words?.id ?? ""),
    /^Of 24 devices of @fleet\/hot the logs of 20 are kept as data\.\n3 more sent theirs: [^.]*\.\n1 sent none: [^.]*\.\n$/,
  );
  assert.deepEqual([await world.store.count(collectings), await world.store.count(groupCollectings)], [0, 0]);
});

test("files that devices send for an alert of a group are data of that alert, and of none that there is not", async () => {
  const { world } = await startFiring(2, { do: "command", kind: "file.get", arguments: { path: "/srv/trace.pcap" } });
  await using _ = world;
  const [first, second] = await asked(world);
  assert.ok(first && second);
  const send = ({ id, device, author }: Command) => {
    const draft = { name: "trace.pcap", bytes: 4, sha256: "a".repeat(64), device, author, keepFor: HOUR, reason: "" };
    return world.store.commit(created(file, id, { ...draft, expiresAt: world.clock.now() + HOUR }, "ready"));
  };

  await send(first);
  await world.advance(10 * SECOND);
  assert.deepEqual(
    (await found(world)).map(({ id, lineage }) => [id, lineage?.device, lineage?.alert]),
    [[first.id, first.device, "@fleet/hot"]],
  );

  for (const each of [first, second])
    await world.report(each.device, "result", aReport(each, "failed", { reason: "failed", detail: "no such file" }));
  await world.advance(10 * SECOND);
  assert.equal(await world.store.count(evidenceRollouts), 1);
  world.clock.step(48 * HOUR);
  await world.advance(10 * SECOND);
  assert.equal(await world.store.count(evidenceRollouts), 0);
});
