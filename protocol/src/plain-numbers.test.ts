import assert from "node:assert/strict";
import { test } from "node:test";
import { v1 } from "./messages.ts";

const read = (hex: string) => v1.StreamAcknowledgement.decode(Buffer.from(hex, "hex")).upTo;

test("a 64-bit number arrives as a number, not as an object", () => {
  const { sessionEpoch } = v1.Bye.decode(v1.Bye.encode({ sessionEpoch: 2 ** 40 + 1 }).finish());

  assert.equal(sessionEpoch, 2 ** 40 + 1);
});

test("a negative instant arrives with its sign", () => {
  const { asOfMs } = v1.SyncHead.decode(v1.SyncHead.encode({ asOfMs: -1 }).finish());

  assert.equal(asOfMs, -1);
});

for (const value of [0, 1, 127, 128, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1]) {
  test(`${value} crosses the wire as an unsigned and as a signed 64-bit number`, () => {
    const { upTo } = v1.StreamAcknowledgement.decode(v1.StreamAcknowledgement.encode({ upTo: value }).finish());
    const { atMs } = v1.Record.decode(v1.Record.encode({ atMs: value }).finish());

    assert.deepEqual([upTo, atMs], [value, value]);
  });
}

test("2^53 + 1 does not arrive as a number that looks safe", () => {
  assert.equal(Number.isSafeInteger(read("108180808080808010")), false);
});

test("2^64 - 1 does not arrive as a small number", () => {
  assert.ok(read("10ffffffffffffffffff01") > Number.MAX_SAFE_INTEGER);
});
