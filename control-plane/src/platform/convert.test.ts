import assert from "node:assert/strict";
import { test } from "node:test";
import { Type } from "@sinclair/typebox";
import { action, pageInput } from "./action.ts";
import { asWritten, convert } from "./convert.ts";
import { Instant, INSTANT_FORMS } from "./instant.ts";
import { Problem } from "./problem.ts";

const NOW = 1_772_366_400_000;
const order = action({
  path: "shop/order",
  summary: "Order",
  effect: "write",
  permission: "shop:order",
  input: Type.Object({
    name: Type.String({ minLength: 1, maxLength: 8 }),
    count: Type.Optional(Type.Integer({ minimum: 1, maximum: 9 })),
    price: Type.Optional(Type.Number()),
    urgent: Type.Optional(Type.Boolean()),
    size: Type.Optional(Type.Union([Type.Literal("small"), Type.Literal("large")])),
    code: Type.Optional(Type.String({ pattern: "^[a-z]+$" })),
    tags: Type.Optional(Type.Array(Type.String())),
    numbers: Type.Optional(Type.Array(Type.Integer())),
    labels: Type.Optional(Type.Record(Type.String(), Type.String())),
    parts: Type.Optional(
      Type.Array(
        Type.Object({ of: Type.String(), weight: Type.Optional(Type.Number()) }, { additionalProperties: false }),
      ),
    ),
    anything: Type.Optional(Type.Unknown()),
    since: Type.Optional(Instant("Not before")),
    ...pageInput,
  }),
  output: Type.Object({}),
  aliases: { title: "name", after: "since" },
});

const given = (input: object) => convert(order, { name: "book", ...input }, NOW);
const accepted: readonly (readonly [what: string, raw: object, input: object])[] = [
  ["text for a number", { count: "3" }, { count: 3 }],
  ["text for a fraction", { price: "1.5" }, { price: 1.5 }],
  ["text for yes and no", { urgent: "true" }, { urgent: true }],
  ["a number for text", { code: "abc", name: 42 }, { code: "abc", name: "42" }],
  ["one of the words", { size: "large" }, { size: "large" }],
  ["a single value for a list", { tags: "a" }, { tags: ["a"] }],
  ["repeated values for a list", { tags: ["a", "b"] }, { tags: ["a", "b"] }],
  ["JSON text for a list", { numbers: "[1,2]" }, { numbers: [1, 2] }],
  ["text numbers in a list", { numbers: ["1", "2"] }, { numbers: [1, 2] }],
  ["JSON text for an object", { labels: '{"site":"berlin"}' }, { labels: { site: "berlin" } }],
  ["an object for an object", { labels: { site: "berlin" } }, { labels: { site: "berlin" } }],
  ["a text that is no JSON where anything goes", { anything: "{oops" }, { anything: "{oops" }],
  ["a field that is undefined", { count: undefined }, {}],
  ["an instant as a number", { since: NOW }, { since: NOW }],
  ["an instant as text of a number", { since: String(NOW) }, { since: NOW }],
  ["an instant as a date with its zone", { since: "2026-03-01T13:00+01:00" }, { since: NOW }],
  ["an instant from now", { since: "-24h" }, { since: NOW - 86_400_000 }],
  ["an instant under another name of its field", { after: "now" }, { since: NOW }],
];
for (const [what, raw, input] of accepted) {
  test(`${what} is taken`, () => {
    assert.deepEqual(given(raw), { name: "book", limit: 50, ...input });
  });
}

test("another name of a field means the field", () => {
  assert.deepEqual(convert(order, { title: "book" }, NOW), { name: "book", limit: 50 });
});

test("a field that is left out has its default", () => {
  assert.equal((given({}) as { limit: number }).limit, 50);
});

test("what was given is not changed", () => {
  const raw = { name: "book", numbers: ["1"], labels: { a: "b" } };

  convert(order, raw, NOW);

  assert.deepEqual(raw, { name: "book", numbers: ["1"], labels: { a: "b" } });
});

test("what a list within it leaves out has its default too, and what was given is not changed", () => {
  const line = Type.Object({ name: Type.String(), count: Type.Integer({ default: 1 }) });
  const basket = action({ ...order, input: Type.Object({ lines: Type.Array(line) }), aliases: {} });
  const fitting = { lines: [{ name: "book", count: 2 }] };
  const lacking = { lines: [{ name: "book" }] };

  assert.deepEqual(convert(basket, fitting, NOW), fitting);
  assert.deepEqual(convert(basket, lacking, NOW), { lines: [{ name: "book", count: 1 }] });
  assert.deepEqual(lacking, { lines: [{ name: "book" }] });
});

const refused: readonly (readonly [what: string, raw: object, pointer: string, detail: string])[] = [
  ["a number that is none", { count: "many" }, "/count", '"count" must be a number from 1 to 9, not "many"'],
  ["a number below the bounds", { count: 0 }, "/count", '"count" must be a number from 1 to 9, not 0'],
  ["a number above the bounds", { count: "10" }, "/count", '"count" must be a number from 1 to 9, not 10'],
  ["a fraction for a whole number", { numbers: [1.5] }, "/numbers/0", '"numbers.0" must be an integer, not 1.5'],
  ["a fraction as text", { count: "1.5" }, "/count", '"count" must be a number from 1 to 9, not "1.5"'],
  ["a power as text", { numbers: "1e3" }, "/numbers/0", '"numbers.0" must be an integer, not "1e3"'],
  ["a word of no union", { size: "huge" }, "/size", '"size" must be one of small, large, not "huge"'],
  ["a text too short", { name: "" }, "/name", '"name" must be a string of 1 to 8 characters, not ""'],
  [
    "a text too long",
    { name: "a long name" },
    "/name",
    '"name" must be a string of 1 to 8 characters, not "a long name"',
  ],
  ["a text of another pattern", { code: "A" }, "/code", '"code" must be a string that matches ^[a-z]+$, not "A"'],
  ["text where an object belongs", { labels: "x" }, "/labels", '"labels" must be an object, not "x"'],
  ["a list where an object belongs", { labels: [] }, "/labels", '"labels" must be an object, not []'],
  [
    "an instant without its zone",
    { since: "2026-03-01T13:00" },
    "/since",
    `"since" must be an instant: ${INSTANT_FORMS}; not "2026-03-01T13:00"`,
  ],
  ["an instant before 1970", { since: -1 }, "/since", `"since" must be an instant: ${INSTANT_FORMS}; not -1`],
  [
    "a field inside a field",
    { parts: [{ of: "a", wait: 1 }] },
    "/parts/0/wait",
    '"parts.0.wait" is no parameter of "parts.0"; it takes: of, weight',
  ],
  ["null", { name: null }, "/name", '"name" must be a string of 1 to 8 characters, not null'],
  ["half a character", { labels: { a: "\ud800" } }, "/labels", '"labels.a" holds half a character'],
  ["half a character in a name", { labels: { "\ud800": "a" } }, "/labels", '"labels" holds half a character'],
];
for (const [what, raw, pointer, detail] of refused) {
  test(`${what} is refused with what was wanted and what was given`, () => {
    assert.throws(
      () => given(raw),
      (error: unknown) => {
        assert.ok(error instanceof Problem);
        assert.deepEqual([error.type, error.errors], ["invalid-input", [{ pointer, detail }]]);
        assert.equal(error.message, detail);
        return true;
      },
    );
  });
}

test("a field that is missing is told as required", () => {
  assert.throws(() => convert(order, {}, NOW), { name: "Problem", message: '"name" is required' });
});

for (const word of ["nmae", "toString", "constructor", "__proto__"]) {
  test(`the field ${word}, which nobody declared, is refused with those that exist`, () => {
    const raw = JSON.parse(`{"name":"book","${word}":"x"}`) as object;

    assert.throws(() => convert(order, raw, NOW), {
      name: "Problem",
      message: `"${word}" is no parameter of shop/order; it takes: ${Object.keys(order.input.properties).join(", ")}`,
    });
  });
}

test("every wrong field is told at once", () => {
  assert.throws(
    () => convert(order, { count: 0, size: "huge", nmae: "x" }, NOW),
    (error: unknown) => {
      assert.ok(error instanceof Problem);
      assert.deepEqual(error.errors.map(({ pointer }) => pointer).toSorted(), ["/count", "/name", "/nmae", "/size"]);
      return true;
    },
  );
});

test("a value of any length is told by its first 80 characters, and of many errors the first 20", () => {
  const many = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`x${i}`, 1]));

  assert.throws(
    () => given({ size: "s".repeat(10_000) }),
    (error: Error) => error.message.length < 150,
  );
  assert.throws(
    () => given(many),
    (error: unknown) => error instanceof Problem && error.errors.length === 20,
  );
});

for (const raw of [null, undefined, "text", 42, [], [{ name: "book" }]]) {
  test(`${JSON.stringify(raw) ?? "nothing"} is no input`, () => {
    assert.throws(() => convert(order, raw, NOW), { name: "Problem", message: "the input must be a JSON object" });
  });
}

test("what is nested without end is refused before anybody walks through it", () => {
  const deep: unknown = JSON.parse(`${"[".repeat(50_000)}${"]".repeat(50_000)}`);

  assert.throws(() => given({ labels: { a: deep } }), { type: "invalid-input", message: /nested more than 32 levels/ });
});

const manyNames = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`k${i}`, "v"]));
for (const [what, raw] of [
  ["fields", manyNames],
  ["names in a field", { labels: manyNames }],
  ["values in a list", { anything: Array.from({ length: 10_000 }, () => 1) }],
  ["values in JSON text", { labels: JSON.stringify(manyNames) }],
  ["values in all fields together", { tags: Array.from({ length: 5_000 }, () => "a"), numbers: Array(5_001).fill(1) }],
] as const)
  test(`an input of more than ten thousand ${what} is refused before anybody looks closely at each`, () => {
    assert.throws(() => given(raw), { type: "invalid-input", message: "the input holds more than 10000 values" });
  });

test("of many mistakes twenty are told", () => {
  const raw = Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`k${i}`, "v"]));

  assert.throws(
    () => given(raw),
    (error: unknown) => error instanceof Problem && error.errors.length === 20,
  );
});

test("what is compared of two inputs is what was written: a time from now is the same at any time", () => {
  const raw = { name: "book", after: "-24h" };
  const [first, second] = [NOW, NOW + 1].map((now) => asWritten(order, raw, convert(order, raw, now) as object));

  assert.deepEqual(first, second);
  assert.deepEqual(first, { name: "book", limit: 50, since: "-24h" });
});
