import assert from "node:assert/strict";
import { test } from "node:test";
import { HOUR } from "@edgemere/protocol/kit";
import { listingIn, tagsIn, wordsFor } from "./object-store-answers.ts";

const NOW = 1_767_225_600_000;
const anObject = (key: string, size = "5") =>
  `<Contents><Key>${key}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>&quot;abc-2&quot;</ETag><Size>${size}</Size><Owner><ID>7</ID></Owner></Contents>`;
const aList = (content: string) =>
  `<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name>${content}</ListBucketResult>`;

test("a page says which objects there are and whether it is the last", () => {
  const page = listingIn(aList(`<IsTruncated>true</IsTruncated>${anObject("a.txt")}${anObject("b &amp; c")}`));

  assert.equal(page.isLast, false);
  assert.deepEqual(page.objects, [
    { key: "a.txt", bytes: 5, modifiedAt: NOW, revision: "abc-2" },
    { key: "b & c", bytes: 5, modifiedAt: NOW, revision: "abc-2" },
  ]);
  assert.deepEqual(listingIn(aList("<IsTruncated>false</IsTruncated>")), { objects: [], isLast: true });
});

test("keys are read in the form that the store says they are in", () => {
  const keysIn = (xml: string) => listingIn(aList(xml)).objects.map(({ key }) => key);

  assert.deepEqual(keysIn(`<EncodingType>url</EncodingType>${anObject("a+b%2Bc%0A%C3%A4")}`), ["a b+c\nä"]);
  assert.deepEqual(keysIn(anObject("a+b%2B")), ["a+b%2B"]);
});

test("tags of an object are read by their keys", () => {
  const tag = (key: string, value: string) => `<Tag><Key>${key}</Key><Value>${value}</Value></Tag>`;
  assert.deepEqual(tagsIn(`<Tagging><TagSet>${tag("site", "berlin")}${tag("empty", "")}</TagSet></Tagging>`), {
    site: "berlin",
    empty: "",
  });
});

for (const [what, xml] of [
  ["no XML", "not found"],
  ["XML that is cut short", "<ListBucketResult><Contents>"],
  ["another document", "<html></html>"],
  ["an entity that it makes up", `<!DOCTYPE x [<!ENTITY a "aaaa">]>${aList(anObject("&a;"))}`],
  ["an object without a size", aList(anObject("a", ""))],
  ["a key that cannot be read", aList(`<EncodingType>url</EncodingType>${anObject("%E4")}`)],
  ["a size that is none", aList(anObject("a", "-1"))],
] as const) {
  test(`a list that is ${what} is refused`, () => {
    assert.throws(() => listingIn(xml), { name: "ObjectStoreError" });
  });
}

test("a refusal is told in words that say what to do, whatever the store leaves out", () => {
  const words = (code: string, over: object = {}) => {
    const text = code === "" ? "" : `<Error><Code>${code}</Code><Message>no</Message></Error>`;
    const refusal = { status: 403, text, date: NOW, region: undefined, ...over };
    return wordsFor(refusal, { bucket: "b", accessKey: "k", now: NOW });
  };

  assert.match(words("AccessDenied"), /may not do this in the bucket "b"; give it the right/);
  assert.match(words("PermanentRedirect", { status: 301, region: "eu-1" }), /is in eu-1; register it with that region/);
  assert.match(words("RequestTimeTooSkewed", { date: NOW + HOUR }), /its clock is 60 minutes ahead of/);
  assert.match(words("", { date: NOW - HOUR }), /its clock is 60 minutes behind/);
  assert.match(words(""), /refuses the access key "k"/);
  assert.match(words("", { date: Number.NaN }), /refuses the access key "k"/);
  assert.match(words("SlowDown", { status: 503 }), /asked less often/);
  assert.match(words("Weird", { status: 500 }), /it answered 500 \(Weird\)/);
});
