import assert from "node:assert/strict";
import { test } from "node:test";
import { Watchdog } from "./watchdog.ts";

test("what is still there after so many looks is failed once, and what is younger or over is not", () => {
  const watchdog = new Watchdog(3);
  const failed: string[] = [];
  watchdog.begin(() => failed.push("stuck"));
  const end = watchdog.begin(() => failed.push("over"));
  watchdog.look();
  watchdog.begin(() => failed.push("young"));
  end();
  watchdog.look();
  assert.deepEqual(failed, []);

  watchdog.look();

  assert.deepEqual(failed, ["stuck"]);
  watchdog.look();
  assert.deepEqual(failed, ["stuck", "young"]);
});
