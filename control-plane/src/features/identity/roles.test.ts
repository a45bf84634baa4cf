import assert from "node:assert/strict";
import { test } from "node:test";
import { commandKinds } from "@edgemere/protocol";
import { may } from "../../platform/caller.ts";
import { permissionsOf } from "./credentials.ts";

test("an operator may ask devices for what is not dangerous and moves no data, and for nothing else", () => {
  const operator = { permissions: permissionsOf(["operator"]) };

  const allowed = Object.keys(commandKinds).filter((kind) => may(operator, `command:${kind}`));

  assert.ok(may(operator, "job:create"));
  assert.deepEqual(allowed, ["ping", "inventory.refresh", "log.collect", "file.list", "service.status"]);
});
