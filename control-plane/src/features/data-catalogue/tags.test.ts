import assert from "node:assert/strict";
import { test } from "node:test";
import { dueSignal } from "./reach.ts";
import { automaticTags, extensionOf, kindOf } from "./tags.ts";

test("the kind of data follows from its name", () => {
  const names = ["a.log", "syslog.log.1", "n/t.PCAP", "x.tar.gz", "a.csv", "p.jpeg", "README", ".profile", "v1.2/data"];

  assert.deepEqual(names.map(kindOf), ["log", "log", "capture", "archive", "csv", "image", "other", "other", "other"]);
});

test("an extension is the last word after a dot of the file's own name", () => {
  assert.deepEqual(["a.LOG", "a", ".profile", "v1.2/data", "x.tar.gz"].map(extensionOf), ["log", "", "", "", "gz"]);
});

test("what is longer than a tag may be is no extension", () => {
  assert.deepEqual(
    [`a.${"x".repeat(256)}`, `a.${"x".repeat(257)}`].map((name) => extensionOf(name).length),
    [256, 0],
  );
});

test("the catalogue tags data with its kind and its place", () => {
  assert.deepEqual(automaticTags({ name: "notes", source: "docs", device: "gw-1" }), {
    kind: "other",
    source: "docs",
    device: "gw-1",
  });
});

test("data follows its place and the last whole report", () => {
  const after = (state: "available" | "unavailable" | "removed", isReachable: boolean) =>
    [true, undefined, false].map((isNamed) => dueSignal({ state }, { isReachable, isNamed }) ?? "-");

  assert.deepEqual(after("available", true), ["-", "-", "remove"]);
  assert.deepEqual(after("available", false), ["lose", "lose", "remove"]);
  assert.deepEqual(after("unavailable", true), ["recover", "recover", "remove"]);
  assert.deepEqual(after("unavailable", false), ["-", "-", "remove"]);
  assert.deepEqual(after("removed", true), ["recover", "-", "-"]);
  assert.deepEqual(after("removed", false), ["-", "-", "-"]);
});
