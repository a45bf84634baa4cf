import assert from "node:assert/strict";
import { test } from "node:test";
import { HOUR, MINUTE, SECOND } from "@edgemere/protocol/kit";
import { seededRandom } from "@edgemere/protocol/simulated";
import { isDue, isOver, nextTry, pauseAfter, verdictOn } from "./trying.ts";

const verdicts: readonly (readonly ["webhook" | "mail", number, string])[] = [
  ["webhook", 200, "taken"],
  ["webhook", 204, "taken"],
  ["webhook", 0, "later"],
  ["webhook", 302, "later"],
  ["webhook", 400, "refused"],
  ["webhook", 401, "later"],
  ["webhook", 404, "later"],
  ["webhook", 410, "refused"],
  ["webhook", 413, "refused"],
  ["webhook", 422, "refused"],
  ["webhook", 429, "later"],
  ["webhook", 503, "later"],
  ["mail", 250, "taken"],
  ["mail", 421, "later"],
  ["mail", 451, "later"],
  ["mail", 535, "later"],
  ["mail", 550, "refused"],
  ["mail", 554, "refused"],
];
for (const [kind, status, verdict] of verdicts)
  test(`what a ${kind} answers with ${status} is ${verdict}`, () => {
    assert.equal(verdictOn({ status, text: "" }, kind), verdict);
  });

test("what may not be sent there is refused", () => {
  assert.equal(verdictOn({ status: 0, text: "", isForbidden: true }, "webhook"), "refused");
});

test("the bound of the pauses doubles up to a quarter of an hour, and chance lies below it", () => {
  const most = { ...seededRandom(1), next: () => 0.999_999_999_9 };
  const least = { ...seededRandom(1), next: () => 0 };

  const bounds = [1, 2, 3, 4, 8, 20].map((tries) => pauseAfter(tries, most));
  assert.deepEqual(
    bounds,
    [6, 11, 21, 41, 641, 901].map((seconds) => seconds * SECOND),
  );
  assert.equal(pauseAfter(20, least), SECOND);
});

test("the other side may ask for a longer pause, up to an hour, and for no shorter one", () => {
  const middle = { ...seededRandom(1), next: () => 0.5 };

  assert.equal(pauseAfter(1, middle, 5 * MINUTE), 5 * MINUTE);
  assert.equal(pauseAfter(1, middle, 100 * HOUR), HOUR);
  assert.equal(pauseAfter(1, middle, 1), 3_500);
});

test("a notice is given up when its time is over, and never before its first try", () => {
  assert.equal(isOver({ attempts: 0, giveUpAt: 5 }, 9), false);
  assert.equal(isOver({ attempts: 1, giveUpAt: 5 }, 4), false);
  assert.equal(isOver({ attempts: 1, giveUpAt: 5 }, 5), true);
});

test("a notice is looked at again at the end of its time at the latest", () => {
  assert.deepEqual([nextTry({ giveUpAt: 5 }, 4), nextTry({ giveUpAt: 5 }, 9)], [4, 5]);
});

test("a notice is due at its instant, and where a clock that was ahead has written that", () => {
  const now = 10 * HOUR;
  const instants = [now - 1, now, now + 1, now + HOUR, now + HOUR + 1, now + 1_000 * HOUR];

  assert.deepEqual(
    instants.map((dueAt) => isDue({ dueAt }, now)),
    [true, true, false, false, true, true],
  );
});
