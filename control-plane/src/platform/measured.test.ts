import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "@edgemere/protocol/simulated";
import { Type } from "@sinclair/typebox";
import { action } from "./action.ts";
import type { Caller } from "./caller.ts";
import { memoryDatabase, type Database } from "./database.ts";
import type { Family } from "./figures.ts";
import { measuredDatabase, measuredDispatch } from "./measured.ts";
import { Problem } from "./problem.ts";

const caller: Caller = { actor: "user:ann", via: "rest", permissions: ["*"], requestId: "r1" };
const known = action({
  path: "toy/known",
  summary: "Does what is known",
  effect: "read",
  permission: "toy:read",
  input: Type.Object({}),
  output: Type.Object({}),
});

const samplesOf = (families: readonly Family[], name: string) =>
  families.find((each) => each.name === name)?.samples ?? [];

test("each request is counted under its action, its face and how it ended, also one that fails", async () => {
  const clock = new ManualClock();
  const answers: Readonly<Record<string, () => Promise<unknown>>> = {
    good: () => clock.advance(30),
    refused: async () => {
      throw new Problem("forbidden", "no");
    },
    broken: async () => {
      throw new TypeError("a bug");
    },
  };
  const { measured, figures } = measuredDispatch(async (_, input) => answers[String(input)]?.(), {
    actions: [known],
    clock,
  });

  await measured("toy/known", "good", caller);
  await assert.rejects(measured("toy/known", "refused", caller), { type: "forbidden" });
  await assert.rejects(measured("toy/known", "broken", caller), TypeError);
  await assert.rejects(measured(`toy/${"x".repeat(9)}`, "refused", { ...caller, via: "websocket" }), Problem);

  const requests = samplesOf(figures(), "edgemere_requests").map(({ labels, value }) => [
    ...Object.values(labels),
    value,
  ]);
  assert.deepEqual(requests, [
    ["toy/known", "rest", "ok", 1],
    ["toy/known", "rest", "forbidden", 1],
    ["toy/known", "rest", "internal", 1],
    ["unknown", "websocket", "forbidden", 1],
  ]);
  const sum = samplesOf(figures(), "edgemere_request_duration_seconds").find(({ suffix }) => suffix === "_sum");
  assert.ok(Math.abs((sum?.value ?? 0) - 0.03) < 1e-9);
});

test("what is written is counted when it is durable, and a write that failed as a failure", async () => {
  const memory = memoryDatabase();
  let isBroken = false;
  const database: Database = {
    ...memory,
    batch: async (operations) => {
      if (isBroken) throw new Error("no space");
      await memory.batch(operations);
    },
  };
  const { measured, figures } = measuredDatabase(database, new ManualClock());

  await measured.batch([{ type: "put", key: "ab", value: new Uint8Array(10) }]);
  isBroken = true;
  await assert.rejects(measured.batch([{ type: "put", key: "cd", value: new Uint8Array(10) }]), /no space/);

  const valueOf = (name: string, suffix: string) =>
    samplesOf(figures(), name).find((sample) => sample.suffix === suffix && sample.labels["le"] === undefined)?.value;
  assert.equal(valueOf("edgemere_written_bytes", "_total"), 12);
  assert.equal(valueOf("edgemere_commit_duration_seconds", "_count"), 1);
  assert.equal(valueOf("edgemere_commit_failures", "_total"), 1);
  assert.deepEqual(await measured.get("ab"), new Uint8Array(10));
});
