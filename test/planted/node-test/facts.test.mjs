import { test } from "node:test";

test("passes", () => {});
test("fails", () => {
  throw new Error("planted");
});
test("is skipped", { skip: "there is no such device" }, () => {});
