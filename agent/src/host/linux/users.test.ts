import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { userIn, userToRunAs } from "./users.ts";

const PASSWD = [
  "root:x:0:0:root:/root:/bin/bash",
  "web:x:1001:1002:Web, the server:/srv/web:/usr/sbin/nologin",
  "webby:x:1003:1003::/home/webby:/bin/sh",
  "odd:x:-1:seven::/:/bin/sh",
  "homeless:x:5:6:::",
  "cut:x",
].join("\n");

for (const [name, expected] of [
  ["web", { name: "web", uid: 1001, gid: 1002, home: "/srv/web" }],
  ["root", { name: "root", uid: 0, gid: 0, home: "/root" }],
  ["homeless", { name: "homeless", uid: 5, gid: 6, home: "/" }],
  ["we", undefined],
  ["odd", undefined],
  ["cut", undefined],
  ["", undefined],
] as const) {
  test(`the password file says of "${name}" ${JSON.stringify(expected) ?? "nothing"}`, () => {
    assert.deepEqual(userIn(PASSWD, name), expected);
  });
}

test("whatever stands in a password file, a user that is found has the name and numbers that may be used", () => {
  const line = fc.array(fc.oneof(fc.constantFrom("web", "x", "0", "12", "-3", ""), fc.string()), { maxLength: 8 });
  fc.assert(
    fc.property(fc.array(line), (lines) => {
      const found = userIn(lines.map((parts) => parts.join(":")).join("\n"), "web");

      if (found === undefined) return;
      assert.equal(found.name, "web");
      assert.ok(found.uid >= 0 && found.gid >= 0 && found.home !== "");
    }),
  );
});

test("a user that this machine has not is refused by name", async () => {
  await assert.rejects(userToRunAs("nobody-at-all"), {
    reason: "not-found",
    message: /there is no user nobody-at-all/,
  });
});
