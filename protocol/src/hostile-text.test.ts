import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { escapedJson, hasHiddenCharacters, HIDDEN_CHARACTERS, pictureOf } from "./hostile-text.ts";

const shown = (text: string) => text.replaceAll(HIDDEN_CHARACTERS, (each) => pictureOf(each, ["<", ">"]));

for (const [text, expected] of [
  ["Zürich 東京 😀 ñ ש ع", "Zürich 東京 😀 ñ ש ع"],
  ["\u001b]0;owned\u0007", "␛]0;owned␇"],
  ["\u009b31m", "<U+009B>31m"],
  ["invoice\u202etxt.exe", "invoice<U+202E>txt.exe"],
  ["\u2066left\u2069", "<U+2066>left<U+2069>"],
  ["a\u200bb\u200dc\ufeff", "a<U+200B>b<U+200D>c<U+FEFF>"],
  ["\u3164", "<U+3164>"],
  ["tag\u{e0041}", "tag<U+E0041>"],
  ["half \ud83d", "half <U+D83D>"],
  ["del\u007f", "del␡"],
] as const)
  test(`of ${JSON.stringify(text)} every character can be seen`, () => {
    assert.equal(shown(text), expected);
  });

test("whatever the text, nothing that acts on a screen is left, and JSON means the same as before", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      assert.equal(hasHiddenCharacters(shown(text)), false);
      const json = escapedJson(JSON.stringify({ text }));
      assert.equal(hasHiddenCharacters(json), false);
      assert.deepEqual(JSON.parse(json), { text });
    }),
  );
});
