import assert from "node:assert/strict";
import { test } from "node:test";
import { isInner } from "./inner-address.ts";

const forbidden = [
  "127.0.0.1",
  "127.8.9.1",
  "0.0.0.0",
  "169.254.169.254",
  "100.100.100.200",
  "224.0.0.1",
  "255.255.255.255",
  "::",
  "::1",
  "::ffff:127.0.0.1",
  "::ffff:a9fe:a9fe",
  "::127.0.0.1",
  "fe80::1",
  "fd00:ec2::254",
  "ff02::1",
  "64:ff9b::7f00:1",
  "64:ff9b::a9fe:a9fe",
  "2002:7f00:1::",
  "2002:a9fe:a9fe::1",
  "localhost",
  "",
];
const allowed = ["192.0.2.7", "10.1.2.3", "192.168.1.9", "172.16.0.4", "2001:db8::1", "fd12:3456::1", "8.8.8.8"];

for (const address of forbidden)
  test(`a webhook is not sent to "${address}"`, () => {
    assert.equal(isInner(address), true);
  });
for (const address of allowed)
  test(`a webhook may be sent to ${address}`, () => {
    assert.equal(isInner(address), false);
  });
