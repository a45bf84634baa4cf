import assert from "node:assert/strict";
import { test } from "node:test";
import { Value } from "@sinclair/typebox/value";
import { bodyOf, mailOf, oneLine } from "./message.ts";
import { Message, type Told } from "./notice-contract.ts";

const told: Told = {
  alert: "d1/hot",
  change: "firing",
  at: 1_000,
  since: 500,
  episode: 1,
  policy: "hot",
  severity: "critical",
  device: "d1",
  name: "gw1",
  reason: "",
  looked: [{ what: 'value("cpu.busy_percent")', value: 95 }],
};
const notice = { id: "n1", contact: "desk", told: [told] };

test("a webhook is sent what the contract says, and of one notice always the same bytes", () => {
  const body = bodyOf(notice, "fleet.test");

  assert.ok(Value.Check(Message, JSON.parse(body)));
  assert.equal(body, bodyOf(structuredClone(notice), "fleet.test"));
  assert.equal((JSON.parse(bodyOf({ ...notice, told: [] }, "fleet.test")) as Message).type, "test");
});

test("a mail says in its subject what happened, and in its text what was seen", () => {
  const { subject, text } = mailOf(notice, "fleet.test");

  assert.equal(subject, "[firing] hot on gw1 (critical)");
  assert.match(text, /at 1970-01-01T00:00:01.000Z, since 1970-01-01T00:00:00.500Z/);
  assert.match(text, /saw value\("cpu.busy_percent"\) = 95/);
  assert.match(text, /Notice n1 of fleet.test to desk/);
});

test("a mail about several alerts counts them, and a test says that it is one", () => {
  const several = [told, { ...told, change: "resolved" as const, device: "d2" }, { ...told, policy: "full" }];

  assert.equal(mailOf({ ...notice, told: several }, "fleet.test").subject, "[2 firing, 1 resolved] hot, full");
  assert.equal(mailOf({ ...notice, told: [] }, "fleet.test").subject, "[test] desk");
});

const hostile: readonly (readonly [string, string])[] = [
  ["gw1\r\nBcc: eve@example.org", "gw1 Bcc: eve@example.org"],
  ["gw1\nSubject: all is well\n\nbody", "gw1 Subject: all is well body"],
  ["a\u0000b\u001b[31mc", "a b [31mc"],
  ["\u202egnp.exe\u2066", "gnp.exe"],
  ["a\u2028b\u2029c\u0085d", "a b c d"],
  ["a\ud800b", "a b"],
];
for (const [name, line] of hostile)
  test(`the name ${JSON.stringify(name)} is one plain line in a mail`, () => {
    const { subject, text } = mailOf({ ...notice, told: [{ ...told, name }] }, "fleet.test");

    assert.equal(oneLine(name), line);
    assert.equal(subject, `[firing] hot on ${line} (critical)`);
    assert.equal(text.split("\n")[0], `firing: hot on ${line} (critical)`);
  });

test("a long line is cut, and not in the middle of a sign", () => {
  assert.equal(oneLine(`${"a".repeat(9)}😀b`, 10), `${"a".repeat(9)}…`);
  assert.equal(mailOf({ ...notice, told: [{ ...told, name: "x".repeat(900) }] }, "f").subject.length, 161);
});
