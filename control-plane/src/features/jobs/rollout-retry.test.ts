import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { DAY, HOUR, MINUTE } from "@edgemere/protocol/kit";
import { afterFailure, causeOf, retryAt, type Conduct } from "./rollout-retry.ts";
import { causes } from "./rollout-words-contract.ts";

for (const [state, reason, isWindowed, cause] of [
  ["failed", "exit-code", false, "device"],
  ["failed", "something new", false, "device"],
  ["timedout", "ran-too-long", false, "device"],
  ["failed", "bad-release", false, "artifact"],
  ["failed", "bad-hash", false, "artifact"],
  ["failed", "not-permitted", false, "precondition"],
  ["failed", "not-found", false, "precondition"],
  ["failed", "no-space", false, "precondition"],
  ["failed", "unheard", false, "network"],
  ["failed", "constructor", false, "device"],
  ["rejected", "unsupported", false, "precondition"],
  ["rejected", "journal-full", false, "server"],
  ["rejected", "bad-signature", false, "server"],
  ["expired", "too-old", false, "network"],
  ["expired", "too-old", true, "window-closed"],
  ["lost", "no-answer", false, "network"],
  ["lost", "device-restored", false, "superseded"],
  ["cancelled", "cancelled", false, "cancelled"],
] as const)
  test(`a command that is ${state} (${reason})${isWindowed ? " in a window" : ""} failed because of: ${cause}`, () => {
    assert.equal(causeOf({ state, reason, isWindowed }), cause);
  });

test("each pause is twice the one before, and a day at most", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...causes),
      fc.integer({ min: 1, max: 200 }),
      fc.nat(604_800),
      (cause, failures, pause) => {
        const retries = { [cause]: { times: 200, pause: pause + 1 } };
        const at = retryAt(cause, failures, { retries, now: 0 });
        assert.equal(at, Math.min((pause + 1) * 1_000 * 2 ** Math.min(failures - 1, 30), DAY));
      },
    ),
  );
});

for (const [cause, failures, expected] of [
  ["device", 1, undefined],
  ["network", 5, 16 * MINUTE],
  ["network", 6, undefined],
  ["window-closed", 1_000, DAY],
  ["precondition", 1, undefined],
] as const)
  test(`unless told otherwise failure ${failures} of ${cause} is ${expected === undefined ? "final" : "tried again"}`, () => {
    assert.equal(retryAt(cause, failures, { now: 0 }), expected);
  });

test("the third failure within a day puts a device aside, and failures of another day do not count", () => {
  const fresh: Conduct = { failedAt: [], boxedUntil: 0 };
  const after = (...at: readonly number[]) => at.reduce(afterFailure, fresh).boxedUntil;

  assert.equal(after(0, 1, 2), 2 + 6 * HOUR);
  assert.equal(after(0, 1), 0);
  assert.equal(after(0, 1, DAY + 2), 0);
});
