import assert from "node:assert/strict";
import { test } from "node:test";
import type { Client } from "../src/faces/client.ts";
import { askUntilAnswered } from "./actions.ts";
import { TimedOut } from "./failure.ts";

const late = new TimedOut("no answer within 60 s");

/** A control plane that needs as many requests as there are answers. */
function slow(answers: readonly unknown[]) {
  const keys: (string | undefined)[] = [];
  const ask: Client["ask"] = (_, __, { idempotencyKey } = {}) => {
    const answer = answers[keys.length];
    keys.push(idempotencyKey);
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
  return { keys, client: { ask } as Client };
}
const waiting = { signal: new AbortController().signal, say: () => {} };

test("what takes longer than a request is asked for again under the same key", async () => {
  const { client, keys } = slow([late, late, { passed: true }]);

  const output = await askUntilAnswered("ops/backup/drill", {}, { client, ...waiting });

  assert.deepEqual(output, { passed: true });
  assert.equal(keys.length, 3);
  assert.equal(new Set(keys).size, 1);
  assert.notEqual(keys[0], undefined);
});

test("an answer that is a refusal is no reason to ask again", async () => {
  const { client, keys } = slow([late, new Error("refused")]);

  await assert.rejects(askUntilAnswered("ops/backup/drill", {}, { client, ...waiting }), /refused/);

  assert.equal(keys.length, 2);
});

test("when --timeout is over nothing is asked again", async () => {
  const { client, keys } = slow([late]);

  const asking = askUntilAnswered("ops/backup/drill", {}, { client, signal: AbortSignal.abort(late), say: () => {} });
  await assert.rejects(asking, late);

  assert.equal(keys.length, 1);
});
