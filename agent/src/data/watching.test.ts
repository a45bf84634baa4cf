import assert from "node:assert/strict";
import { test } from "node:test";
import type { RecordBody, StreamName } from "@edgemere/protocol";
import { DAY, MINUTE, SECOND, silentLog } from "@edgemere/protocol/kit";
import { ManualClock, seededRandom, SimulatedDisk } from "@edgemere/protocol/simulated";
import { HostError, type DataFile, type Host } from "../host/host.ts";
import { DataSources } from "./sources.ts";

const START = 1_767_225_600_000;

type Hear = Parameters<NonNullable<Host["watchFiles"]>>[1];

/** A directory in memory that is watched, or not, with the reason. */
function aWorld(refusal = "") {
  const clock = new ManualClock(START);
  const files: DataFile[] = [];
  const state = { listed: 0, watched: 0, refusal, isFull: false };
  const told: string[] = [];
  let hear: Hear | undefined;
  const host = {
    listFiles: async () => {
      state.listed += 1;
      return [...files];
    },
    hashFile: async () => "ab".repeat(32),
    capacity: async () => ({ totalBytes: 1_000, freeBytes: 500 }),
    watchFiles: async (_: string, given: Hear) => {
      if (state.refusal !== "") throw new HostError("failed", state.refusal);
      state.watched += 1;
      hear = given;
      return { folders: () => 1, [Symbol.dispose]: () => (state.watched -= 1) };
    },
  } as unknown as Host;
  const outbox = {
    append: async (_: StreamName, { dataSource, agentEvent }: RecordBody) => {
      if (state.isFull) throw new Error("the spool is full");
      if (dataSource !== undefined && dataSource !== null)
        told.push(...(dataSource.items ?? []).map(({ name = "" }) => name));
      if (agentEvent) told.push(`${agentEvent.name ?? ""}: ${agentEvent.detail ?? ""}`);
    },
  };
  const env = { clock, random: seededRandom(1), disk: new SimulatedDisk(), log: silentLog };
  const config = { sources: [{ name: "logs", path: "/logs" }], dataEvery: 30 * SECOND };
  const duty = new DataSources({ env, host, outbox, config });
  duty.start();
  return { clock, files, state, told, duty, host, heard: () => hear };
}

test("a directory that is watched is looked through when something changed, and seldom otherwise", async () => {
  const { clock, files, state, told, duty, heard } = aWorld();
  await using _ = duty;
  await clock.advance(9 * MINUTE);
  assert.equal(state.listed, 1);

  files.push({ name: "a", bytes: 1, modifiedAt: START });
  for (let i = 0; i < 100; i++) heard()?.changed();
  await clock.advance(4 * SECOND);

  assert.deepEqual([state.listed, told], [2, ["a"]]);
  await clock.advance(2 * MINUTE);
  assert.deepEqual([state.listed, state.watched], [3, 1]);
});

test("a clock that is set back does not keep a watched directory from being looked through", async () => {
  const { clock, state, duty } = aWorld();
  await using _ = duty;
  await clock.advance(MINUTE);
  assert.equal(state.listed, 1);

  clock.step(-DAY);
  await clock.advance(10 * MINUTE);

  assert.equal(state.listed, 2);
});

test("a clock that is set ahead while files are read does not stop the reading", async () => {
  const { clock, files, told, duty, host } = aWorld();
  await using _ = duty;
  for (const name of ["a", "b"]) files.push({ name, bytes: 1, modifiedAt: 0 });
  host.hashFile = async () => {
    clock.step(10 * 365 * DAY);
    return "ab".repeat(32);
  };

  await clock.advance(SECOND);

  assert.deepEqual(told, ["a", "b"]);
});

test("what found no room is told at the next look, and so is all that was asked for", async () => {
  const { clock, files, state, told, duty } = aWorld();
  await using _ = duty;
  files.push({ name: "a", bytes: 1, modifiedAt: 0 });
  await clock.advance(SECOND);
  assert.deepEqual(told, ["a"]);

  state.isFull = true;
  files.push({ name: "b", bytes: 1, modifiedAt: 0 });
  duty.tellAll("logs");
  await clock.advance(SECOND);
  state.isFull = false;
  await clock.advance(MINUTE);

  assert.deepEqual(told, ["a", "b", "a", "b"]);
});

test("where a directory cannot be watched it is looked through again and again, and the reason is told once", async () => {
  const { clock, state, told, duty } = aWorld("it has more than 2000 folders");
  await using _ = duty;

  await clock.advance(21 * MINUTE);

  assert.equal(state.listed, 43);
  assert.deepEqual(told, [
    'data-not-watched: the data source "logs" is looked through again and again, and not watched: it has more than 2000 folders',
  ]);
});

test("a watch that ends is told of with its reason, and taken up again", async () => {
  const { clock, state, told, duty, heard } = aWorld();
  await using _ = duty;
  await clock.advance(SECOND);

  heard()?.ended("this host has no more watches");
  await clock.advance(2 * MINUTE);
  assert.deepEqual([state.listed, told.length], [5, 1]);

  await clock.advance(20 * MINUTE);
  assert.ok(state.listed < 25);
  assert.equal(told.length, 1);
});

test("an agent that stops watches no more", async () => {
  const { clock, state, duty } = aWorld();
  await clock.advance(SECOND);
  assert.equal(state.watched, 1);

  await duty[Symbol.asyncDispose]();

  assert.equal(state.watched, 0);
});
