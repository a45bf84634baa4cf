import assert from "node:assert/strict";
import { test } from "node:test";
import { Type } from "@sinclair/typebox";
import { action } from "./action.ts";
import type { Caller } from "./caller.ts";
import { refusingWhenFull } from "./read-only.ts";

const made = (path: string, over: object) =>
  action({
    path,
    summary: path,
    effect: "write",
    permission: "a:b",
    input: Type.Object({}),
    output: Type.Object({}),
    ...over,
  });
const actions = [
  made("a/write", {}),
  made("a/read", { effect: "read" }),
  made("a/destroy", { effect: "destroy" }),
  made("a/signin", { session: "begins" }),
  made("a/revoke", { isAllowedWhenFull: true }),
];
const caller: Caller = { actor: "user:alice", via: "rest", permissions: ["*"], requestId: "r1" };

test("while the disk is nearly full only what adds to it is refused, with what to do", async () => {
  let isFull = true;
  const dispatch = refusingWhenFull(
    async (path) => path,
    actions,
    () => isFull,
  );

  for (const path of ["a/read", "a/destroy", "a/signin", "a/revoke"])
    assert.equal(await dispatch(path, {}, caller), path);
  await assert.rejects(dispatch("a/write", {}, caller), { type: "storage-full", message: /free space on it/ });
  isFull = false;
  assert.equal(await dispatch("a/write", {}, caller), "a/write");
});

test("what rules and the control plane itself ask comes to its end also on a full disk", async () => {
  const dispatch = refusingWhenFull(
    async (path) => path,
    actions,
    () => true,
  );

  for (const via of ["rule", "system"] as const)
    assert.equal(await dispatch("a/write", {}, { ...caller, via }), "a/write");
  await assert.rejects(dispatch("a/write", {}, { ...caller, via: "device" }));
});
