import assert from "node:assert/strict";
import { test } from "node:test";
import { DAY, HOUR } from "@edgemere/protocol/kit";
import { rangeOf } from "../../platform/keys.ts";
import { command, job } from "./contract.ts";
import { aReport, ask, startJobs, type World } from "./jobs.test-support.ts";

const outputOf = (command: string, offset: number) => ({
  commandOutput: { command, channel: "stdout", offset, content: new Uint8Array(10) },
});

async function left(world: World) {
  const pieces: string[] = [];
  for await (const [key] of world.store.bytesBetween(rangeOf("output"))) pieces.push(key);
  return [await world.store.count(job), await world.store.count(command), pieces.length];
}

test("a job is forgotten with its commands and their output 90 days after its end, and one that runs never is", async () => {
  await using world = await startJobs();
  await world.hello("d1");
  const row = await ask(world, { kind: "exec", arguments: { argv: ["true"] } });
  await world.report("d1", "log", outputOf(row.id, 0), outputOf(row.id, 10));
  await world.report("d1", "result", aReport(row, "succeeded"));
  await ask(world, { queueTimeout: 604_800, runTimeout: 86_400, device: "gw-2" });
  assert.deepEqual(await left(world), [2, 2, 2]);

  await world.clock.advance(HOUR);
  await world.settle();
  assert.deepEqual(await left(world), [2, 2, 2]);
  const before = world.store.lastNumber;
  world.clock.step(91 * DAY);
  await world.clock.advance(HOUR);
  await world.settle();

  // The other one expired only now, and is kept for as long.
  assert.deepEqual(await left(world), [1, 1, 0]);
  assert.deepEqual(
    (await world.eventTypes(before)).filter((type) => type.endsWith("destroy")),
    ["command.destroy", "job.destroy"],
  );
});
