import assert from "node:assert/strict";
import { test } from "node:test";
import { begunAt, placeOf, suggestionsFor, withSuggestion } from "./completion.ts";

const vocabulary = {
  fields: [{ name: "presence", kind: "text" }],
  functions: [
    { name: "mean", takes: ["metric", "span"], gives: "number", summary: "The mean" },
    { name: "known", takes: ["metric"], gives: "bool", summary: "Whether there is one" },
  ],
};

test("a word is completed that is begun before the cursor, and none within quotes", () => {
  assert.equal(begunAt("presence == me", 14), "me");
  assert.equal(begunAt("a && ", 5), "");
  assert.equal(begunAt('mean("cpu', 9), undefined);
  assert.equal(begunAt('name == "a\\"" && pre', 20), "pre");
});

test("suggestions begin as the word does, in any case", () => {
  const names = (begun: string) => suggestionsFor(begun, vocabulary).map(({ form }) => form);

  assert.deepEqual(names("M"), ["mean(metric, span): number"]);
  assert.deepEqual(names(""), ["mean(metric, span): number", "known(metric): bool", "presence: text"]);
  assert.deepEqual(names("zz"), []);
});

test("a function that is taken has room for its texts, and the cursor stands in the first", () => {
  const [mean] = suggestionsFor("me", vocabulary);
  assert.ok(mean);

  const { text, cursor } = withSuggestion("x && me > 1", 7, mean);

  assert.equal(text, 'x && mean("", "") > 1');
  assert.equal(text.slice(0, cursor), 'x && mean("');
});

test("a mistake is found at its line and column", () => {
  assert.equal(placeOf("unknown field (line 2, column 3)", "a &&\n  b"), 7);
  assert.equal(placeOf("it must give true or false", "a"), undefined);
});
