import assert from "node:assert/strict";
import { test } from "node:test";
import { probeTarget } from "./probe-target.ts";

test("a target says what is asked, and its series are called as it was written", () => {
  const table = {
    "tcp://plc-1.example:502": { kind: "tcp", host: "plc-1.example", port: 502 },
    "tcp://[2001:db8::1]:22": { kind: "tcp", host: "2001:db8::1", port: 22 },
    "http://10.0.0.1/healthz?deep=1": { kind: "http", url: "http://10.0.0.1/healthz?deep=1" },
    "https://portal.example": { kind: "http", url: "https://portal.example/" },
    "icmp:plc-1.example": { kind: "icmp", host: "plc-1.example" },
    "icmp:2001:db8::1": { kind: "icmp", host: "2001:db8::1" },
    "dns:portal.example": { kind: "dns", name: "portal.example" },
    "dns:portal.example@192.0.2.53": { kind: "dns", name: "portal.example", server: "192.0.2.53" },
  };

  for (const [text, target] of Object.entries(table)) assert.deepEqual(probeTarget(text), { text, target });
});

test("what cannot be asked is refused with a word on what can", () => {
  const table = [
    ["10.0.0.1", /is none of tcp:\/\/host:port/],
    ["tcp://10.0.0.1", /is none of tcp/],
    ["tcp://10.0.0.1:502/path", /is none of tcp/],
    ["tcp://10.0.0.1:99999", /is none of tcp/],
    ["udp://10.0.0.1:53", /is none of tcp/],
    ["file:///etc/passwd", /is none of tcp/],
    ["https://user:secret@portal.example", /no user and no password/],
    ["dns:", /is not written as dns:name/],
    ["dns:a b", /is not written as dns:name/],
    ["dns:a@resolver.example", /is not written as dns:name/],
    ["dns:a@1.1.1.1@2.2.2.2", /is not written as dns:name/],
    ["icmp:", /is not written as icmp:host/],
    ["icmp:-f", /is not written as icmp:host/],
    ["icmp:a b", /is not written as icmp:host/],
    ["icmp:[::1]", /is not written as icmp:host/],
    [`dns:${"a".repeat(300)}`, /more than 256 characters/],
  ] as const;

  for (const [text, message] of table) assert.throws(() => probeTarget(text), message, text);
});
