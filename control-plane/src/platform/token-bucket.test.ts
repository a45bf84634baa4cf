import assert from "node:assert/strict";
import { test } from "node:test";
import { TokenBucket } from "./token-bucket.ts";

test("a burst passes at once, what follows waits for its share", () => {
  const bucket = new TokenBucket({ perSecond: 100, burst: 500 }, 0);

  assert.equal(bucket.take(500, 0), 0);
  assert.equal(bucket.take(100, 0), 1_000);
  assert.equal(bucket.take(0, 1_000), 0);
});

test("an idle bucket fills up to its burst and no further", () => {
  const bucket = new TokenBucket({ perSecond: 100, burst: 500 }, 0);
  bucket.take(500, 0);

  assert.equal(bucket.tryTake(500, 60_000), true);
  assert.equal(bucket.tryTake(1, 60_000), false);
  assert.equal(bucket.tryTake(1, 60_010), true);
});
