import assert from "node:assert/strict";
import { test } from "node:test";
import { DAY, HOUR, MINUTE, SECOND } from "../kit/index.ts";
import { ConfigError, duration, oneOf, pair, size, wholeNumber, type Reader } from "./values.ts";

const anyDuration = duration(0, 400 * DAY);
const anySize = size(0, 2 ** 40);

const durations = {
  "0": 0,
  "0s": 0,
  "500ms": 500,
  "10s": 10 * SECOND,
  "1.5m": 90 * SECOND,
  "6h": 6 * HOUR,
  "7d": 7 * DAY,
};
for (const [text, milliseconds] of Object.entries(durations)) {
  test(`the duration ${text} is ${milliseconds} milliseconds`, () => {
    assert.equal(anyDuration(text), milliseconds);
  });
}

const sizes = { "0": 0, "512KiB": 512 * 1024, "0.5MiB": 512 * 1024, "1GiB": 1024 ** 3 };
for (const [text, bytes] of Object.entries(sizes)) {
  test(`the size ${text} is ${bytes} bytes`, () => {
    assert.equal(anySize(text), bytes);
  });
}

test("a duration and a size may be as small and as large as their bounds, and no further", () => {
  const bounded = duration(SECOND, MINUTE);

  assert.deepEqual([bounded("1s"), bounded("1m")], [SECOND, MINUTE]);
  assert.throws(() => bounded("999ms"), refusal(/^"999ms" is too small: at least 1s$/));
  assert.throws(() => bounded("61s"), refusal(/^"61s" is too large: at most 1m$/));
  assert.throws(() => size(2 ** 20, 2 ** 40)("1KiB"), refusal(/^"1KiB" is too small: at least 1MiB$/));
});

test("a whole number may be as small and as large as its bounds, and no further", () => {
  const port = wholeNumber(1, 65_535);

  assert.deepEqual([port("1"), port("65535"), port("0080")], [1, 65_535, 80]);
  assert.throws(() => port("0"), refusal(/^"0" is too small: at least 1$/));
  assert.throws(() => port("65536"), refusal(/^"65536" is too large: at most 65535$/));
});

test("one of several words is that word, in its own spelling", () => {
  const level = oneOf(["debug", "info"]);

  assert.equal(level("info"), "info");
  assert.throws(() => level("Info"), refusal(/"Info" is none of debug, info/));
  assert.throws(() => level("toString"), refusal(/is none of/));
});

test("a pair is split at the first equals sign", () => {
  assert.deepEqual(pair("a=b=c"), ["a", "b=c"]);
});

const reads = (reader: Reader<unknown>, ...texts: readonly string[]) => texts.map((text) => [reader, text] as const);
const senseless = [
  ...reads(anyDuration, "", "10", "s", "-1s", "1e3s", "10 s", "10S", "10sec", "1.s", ".5s", "1s2s", "10toString"),
  ...reads(anySize, "", "10", "10KB", "10kib", "-1MiB", "10MiB "),
  ...reads(wholeNumber(0, 2 ** 40), "", "1.5", "-1", "0x10", "1e3", " 1", "9".repeat(16)),
  ...reads(pair, "", "a", "=b", "a="),
];
for (const [reader, text] of senseless) {
  test(`"${text}" is refused by ${reader === pair ? "pair" : "its reader"} and repeated in the refusal`, () => {
    assert.throws(
      () => reader(text),
      (error: Error) => error instanceof ConfigError && error.message.includes(`"${text}"`),
    );
  });
}

function refusal(message: RegExp) {
  return { name: "ConfigError", message };
}
