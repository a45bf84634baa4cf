import assert from "node:assert/strict";
import { test } from "node:test";
import { alertOfData, foundLink, pieceLink } from "./data-links.ts";

test("evidence leads to its alert, whatever the group is called that the alert is about", () => {
  assert.equal(alertOfData("d1/hot"), "/alerts/d1/hot");
  assert.equal(alertOfData("@site=a/b?c/very hot"), "/alerts/%40site%3Da%2Fb%3Fc/very%20hot");
});

test("an address holds any id and any expression whole", () => {
  assert.equal(pieceLink("a/b?c#d"), "/data/pieces/a%2Fb%3Fc%23d");
  const link = new URL(foundLink('hash == "a&b#c"'), "http://localhost");
  assert.deepEqual([link.pathname, link.searchParams.get("expression")], ["/data/catalogue", 'hash == "a&b#c"']);
});
