import assert from "node:assert/strict";
import { test } from "node:test";
import { covers } from "./permission.ts";

test("a star stands for everything below it and for nothing beside it", () => {
  assert.ok(covers(["*"], "job:create"));
  assert.ok(covers(["job:*"], "job:create"));
  assert.ok(covers(["device:read", "job:create"], "job:create"));
  assert.ok(!covers(["job:*"], "jobs:create"));
  assert.ok(!covers(["job:read"], "job:create"));
  assert.ok(!covers([], "job:create"));
});
