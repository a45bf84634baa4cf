import assert from "node:assert/strict";
import { test } from "node:test";
import { visible, visibleLines, visibleValue } from "./hostile-text.ts";

test("characters that would command the screen or hide are named, and all others stay", () => {
  const cases = [
    ["Zürich 東京 😀", "Zürich 東京 😀"],
    ["<b>&amp;", "<b>&amp;"],
    ["\u001b[31mred", "␛[31mred"],
    ["invoice\u202etxt.exe", "invoice[U+202E]txt.exe"],
    ["a\u200bb\ufeff", "a[U+200B]b[U+FEFF]"],
    ["del\u007f", "del␡"],
    ["two\nlines\tand a tab", "two␊lines␉and a tab"],
  ];

  for (const [text = "", shown] of cases) assert.equal(visible(text), shown);
});

test("output keeps its lines, and a carriage return does not hide what was before it", () => {
  assert.equal(visibleLines("one\r\ntwo\n\tthree"), "one\ntwo\n\tthree");
  assert.equal(visibleLines("\u001b[2Jgone"), "␛[2Jgone");
});

test("a very long text is cut, and says so", () => {
  const shown = visible("x".repeat(5_000));

  assert.ok(shown.length < 2_100);
  assert.match(shown, /… \(5000 characters\)$/);
});

test("a value that is no text is shown as JSON", () => {
  assert.equal(visibleValue({ a: [1, "\u0007"] }), '{"a":[1,"\\u0007"]}');
  assert.equal(visibleValue("plain"), "plain");
  assert.equal(visibleValue(undefined), "");
});

test("a tower of marks is no higher than a script needs", () => {
  assert.equal(visible(`a${"\u0301".repeat(500)}b`), `a${"\u0301".repeat(6)}b`);
  assert.equal(visible("Việt, नमस्ते, שָׁלוֹם"), "Việt, नमस्ते, שָׁלוֹם");
});
