import assert from "node:assert/strict";
import { test } from "node:test";
import { controlOf, fieldTitle, inputFrom, optionsOf, type Schema } from "./schema.ts";

const choice: Schema = { anyOf: [{ const: "read" }, { const: "write" }] };

test("the schema of a field decides how it is put in", () => {
  const cases: readonly (readonly [Schema, string])[] = [
    [{ type: "string" }, "text"],
    [{ type: "string", maxLength: 49_152 }, "lines"],
    [{ type: "integer" }, "number"],
    [{ type: "integer", "x-instant": true }, "text"],
    [{ type: "number" }, "number"],
    [{ type: "boolean" }, "flag"],
    [choice, "choice"],
    [{ type: "array", items: choice }, "choices"],
    [{ type: "array", items: { type: "string" } }, "list"],
    [{ type: "object", patternProperties: { "^.*$": { type: "string" } } }, "pairs"],
    [{ type: "object", patternProperties: { "^.*$": {} } }, "json"],
    [{ type: "array", items: { type: "object" } }, "json"],
  ];

  for (const [schema, control] of cases) assert.equal(controlOf(schema), control, JSON.stringify(schema));
  assert.deepEqual(optionsOf({ type: "array", items: choice }), ["read", "write"]);
});

test("a form gives the input it stands for, without what was left blank", () => {
  const schema: Schema = {
    required: ["name", "isFinal"],
    properties: {
      name: { type: "string" },
      count: { type: "integer" },
      words: { type: "array", items: { type: "string" } },
      labels: { type: "object", patternProperties: { "^.*$": { type: "string" } } },
      anything: {},
      isFinal: { type: "boolean" },
    },
  };

  const { input, mistakes } = inputFrom(schema, {
    name: "gw1",
    count: "",
    words: [],
    labels: "site = berlin\n\nrole=a=b",
    anything: '{"deep":[1]}',
  });

  assert.deepEqual(mistakes, {});
  assert.deepEqual(input, {
    name: "gw1",
    labels: { site: "berlin", role: "a=b" },
    anything: { deep: [1] },
    isFinal: false,
  });
});

test("each mistake is told at its field", () => {
  const pairs: Schema = { type: "object", patternProperties: { "^.*$": { type: "string" } } };

  const { mistakes } = inputFrom(
    { required: ["name"], properties: { name: { type: "string" }, labels: pairs, value: {} } },
    { labels: "site", value: "{ no" },
  );

  assert.equal(mistakes["name"], "This is needed");
  assert.equal(mistakes["labels"], "“site” is no key=value");
  assert.match(mistakes["value"] ?? "", /^This is no JSON/);
});

test("a field is titled in words", () => {
  assert.equal(fieldTitle("queueTimeout"), "Queue timeout");
  assert.equal(fieldTitle("name"), "Name");
});
