import assert from "node:assert/strict";
import { test } from "node:test";
import { BadToken, formatToken, parseToken, type EnrolmentToken } from "./enrolment-token.ts";

const aToken = (over: Partial<EnrolmentToken> = {}): EnrolmentToken => ({
  id: "01JD8ZK7XW4V3N5B6M7Q8R9S0T",
  secret: Buffer.alloc(32, 0xa5).toString("base64url"),
  pin: Buffer.alloc(32, 0x5a).toString("base64url"),
  server: "https://control.example.com:8443",
  ...over,
});
const text = formatToken(aToken());
const parts = text.split(".");
const withPart = (index: number, value: string) => parts.with(index, value).join(".");
const server = (address: string) => withPart(2, Buffer.from(address).toString("base64url"));

test("a token is read as it was written", () => {
  assert.deepEqual(parseToken(text), aToken());
});

test("a token has five parts, each of which may stand in a shell word, a URL and a file name", () => {
  assert.match(text, /^ed1(\.[A-Za-z0-9_-]+){4}$/);
});

test("space and line ends around a pasted token do no harm", () => {
  assert.deepEqual(parseToken(`  ${text}\r\n`), aToken());
});

for (const address of ["https://[2001:db8::1]:8443", "https://192.0.2.7", "https://höst.example"]) {
  test(`the address ${address} survives the way through a token`, () => {
    assert.equal(parseToken(formatToken(aToken({ server: address }))).server, address);
  });
}

const bad: Readonly<Record<string, readonly [text: string, what: RegExp]>> = {
  "nothing at all": ["", /it does not start with "ed1\."/],
  "another word": ["hello", /it does not start with "ed1\."/],
  "a token of another version": [withPart(0, "ed2"), /it does not start with "ed1\."/],
  "an API token": ["edt_01JD_secret", /it does not start with "ed1\."/],
  "four parts": [parts.slice(0, 4).join("."), /it does not have five parts/],
  "six parts": [`${text}.x`, /it does not have five parts/],
  "an empty part": [withPart(2, ""), /it does not have five parts/],
  "an id with a slash": [withPart(1, "a/b"), /its id has characters that no id has/],
  "an id of 65 characters": [withPart(1, "a".repeat(65)), /its id has characters/],
  "a secret that lost its last letter": [withPart(3, aToken().secret.slice(0, -1)), /its secret is cut short/],
  "a secret that was wrapped": [
    withPart(3, `${aToken().secret.slice(0, 20)}\n${aToken().secret.slice(20)}`),
    /its secret/,
  ],
  "a secret with padding": [withPart(3, `${aToken().secret}=`), /its secret is cut short or changed/],
  "a pin in hex": [withPart(4, "5a".repeat(32)), /its pin is cut short or changed/],
  "an address over plain HTTP": [server("http://control.example.com"), /its address is no https address/],
  "an address that is none": [server("control.example.com"), /its address is no https address/],
  "an address that runs a script": [server("javascript:alert(1)"), /its address is no https address/],
};
for (const [what, [given, expected]] of Object.entries(bad)) {
  test(`${what} is refused as a token, with the way to get a right one`, () => {
    assert.throws(
      () => parseToken(given),
      (error: Error) => {
        assert.ok(error instanceof BadToken);
        assert.match(error.message, expected);
        assert.match(error.message, /Make one with "edgemere cpl dm token create" and paste it whole\.$/);
        return true;
      },
    );
  });
}

test("a token that lost its end is refused, however little is missing", () => {
  const accepted = [...text].map((_, length) => text.slice(0, length)).filter((cut) => !isRefused(cut));

  assert.deepEqual(accepted, []);
});

test("no refusal of a token repeats anything of it, nor doubles a full stop", () => {
  const messages = Object.values(bad).map(([given]) => {
    try {
      parseToken(given);
      return "accepted";
    } catch (error) {
      return (error as Error).message;
    }
  });

  assert.ok(messages.every((message) => !message.includes(aToken().secret.slice(0, 20))));
  assert.ok(messages.every((message) => !message.includes("..")));
});

function isRefused(given: string): boolean {
  try {
    parseToken(given);
    return false;
  } catch (error) {
    return error instanceof BadToken;
  }
}
