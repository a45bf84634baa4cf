import assert from "node:assert/strict";
import { test } from "node:test";
import { runSeeds, seedsToRun } from "./seeds.ts";

test("whatever dies, breaks, fills up or lies in nine thousand worlds, no record is lost and every command ends", async (context) => {
  let [worlds, records, gaps, samples, commands] = [0, 0, 0, 0, 0];
  for await (const answer of runSeeds(seedsToRun({ from: 0, count: 9_000 }))) {
    if ("violation" in answer) assert.fail(answer.account);
    worlds += 1;
    records += answer.run.records;
    gaps += answer.run.gaps;
    samples += answer.run.samples;
    commands += Object.values(answer.run.commands).reduce((sum, count) => sum + count, 0);
  }

  context.diagnostic(
    `${worlds} worlds: ${records} records stored, ${gaps} gaps explained, ${samples} samples counted by windows, ${commands} commands ended`,
  );
  // One world by itself may have no windows.
  assert.ok(records > 0 && commands > 0 && (samples > 0 || worlds === 1), "the worlds had nothing to do");
});
