import assert from "node:assert/strict";
import { resolve } from "node:path";
import { test } from "node:test";
import { readConfig } from "./config.ts";

const mailOf = (...flags: string[]) => readConfig(flags, {}).notifier.mail;
const from = ["--mail-from", "edgemere@example.org"];

test("mail goes with TLS, by the usual port of how it begins, and without TLS on this machine only", () => {
  const rest = { from: "edgemere@example.org", user: undefined, passwordFile: undefined };
  const servers = [
    ["smtps://mail.example.org", { host: "mail.example.org", port: 465, tls: "at once" }],
    ["smtp://mail.example.org", { host: "mail.example.org", port: 587, tls: "asked" }],
    ["smtp://mail.example.org:25", { host: "mail.example.org", port: 25, tls: "asked" }],
    ["smtp://[2001:db8::1]:2525/", { host: "2001:db8::1", port: 2_525, tls: "asked" }],
    ["smtp://127.0.0.1:2525", { host: "127.0.0.1", port: 2_525, tls: "none" }],
    ["smtps://localhost", { host: "localhost", port: 465, tls: "at once" }],
  ] as const;

  for (const [url, server] of servers) assert.deepEqual(mailOf("--mail-server", url, ...from), { ...server, ...rest });
});

test("the password of mail stands in a file, and goes with a name", () => {
  const signing = ["--mail-user", "edgemere", "--mail-password", "secret"];

  const mail = mailOf("--mail-server", "smtps://mail.example.org", ...from, ...signing);
  assert.deepEqual([mail?.user, mail?.passwordFile], ["edgemere", resolve("secret")]);
});

const wrong: readonly (readonly [RegExp, ...string[]])[] = [
  [/is no mail server/, "--mail-server", "mail.example.org", ...from],
  [/is no mail server/, "--mail-server", "https://mail.example.org", ...from],
  [/is no mail server/, "--mail-server", "smtps://mail.example.org/box", ...from],
  [/holds a credential/, "--mail-server", "smtps://me:secret@mail.example.org", ...from],
  [/needs --mail-from/, "--mail-server", "smtps://mail.example.org"],
  [/is no mailbox/, "--mail-server", "smtps://mail.example.org", "--mail-from", "a@b.org, c@d.org"],
  [/go together/, "--mail-server", "smtps://mail.example.org", ...from, "--mail-user", "me"],
  [/--mail-from is for nobody without --mail-server/, ...from],
  [/must be on, off|on or off|one of on, off/, "--webhook-inside", "perhaps"],
];
for (const [problem, ...flags] of wrong)
  test(`"${flags.join(" ")}" is told to be wrong`, () => {
    assert.throws(() => readConfig(flags, {}), problem);
  });
