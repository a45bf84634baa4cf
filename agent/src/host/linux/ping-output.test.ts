import assert from "node:assert/strict";
import test from "node:test";
import * as fc from "fast-check";
import { PingOutput } from "./ping-output.ts";

const toldOf = (...chunks: readonly string[]) => {
  const output = new PingOutput();
  return chunks.flatMap((chunk) => output.take(chunk)).map(({ sequence, latency }) => [sequence, latency]);
};

const session = `PING 192.0.2.1 (192.0.2.1) 56(84) bytes of data.
64 bytes from 192.0.2.1: icmp_seq=1 ttl=64 time=0.348 ms
no answer yet for icmp_seq=2
64 bytes from 192.0.2.1: icmp_seq=3 ttl=64 time=1234 ms
From 10.0.0.1 icmp_seq=4 Destination Host Unreachable
From 10.0.0.1 icmp_seq=5 Packet filtered
64 bytes from 2001:db8::1: icmp_seq=6 ttl=64 time=12.5 ms

--- 192.0.2.1 ping statistics ---
6 packets transmitted, 3 received, 50% packet loss, time 5005ms
`;
const told = [
  [1, 0.348],
  [2, undefined],
  [3, 1_234],
  [4, undefined],
  [5, undefined],
  [6, 12.5],
];

test("what ping prints tells the latency of each answer, and which questions had none", () => {
  assert.deepEqual(toldOf(session), told);
});

test("however the output is cut into pieces, it says the same", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(session.length), { maxLength: 12 }), (cuts) => {
      const edges = [0, ...cuts.toSorted((a, b) => a - b), session.length];
      const pieces = edges.slice(1).map((edge, i) => session.slice(edges[i], edge));

      assert.deepEqual(toldOf(...pieces), told);
    }),
  );
});

test("a question is told once: an answer that is late, or comes twice, changes nothing", () => {
  const line = "64 bytes from 192.0.2.1: icmp_seq=1 ttl=64 time=0.348 ms";

  assert.deepEqual(toldOf(`no answer yet for icmp_seq=1\n${line}\n`), [[1, undefined]]);
  assert.deepEqual(toldOf(`${line}\n${line} (DUP!)\n${line}\n`), [[1, 0.348]]);
});

test("a line that only looks like one of ping's says nothing", () => {
  const lines = [
    "64 bytes from 192.0.2.1: icmp_seq=1 ttl=64 time=NaN ms",
    "64 bytes from 192.0.2.1: icmp_seq=1 ttl=64 time=-1 ms",
    "64 bytes from 192.0.2.1: icmp_seq=1 ttl=64 time=1e9 ms",
    "64 bytes from 192.0.2.1: icmp_seq=123456 ttl=64 time=1 ms",
    "64 bytes from a b: icmp_seq=1 ttl=64 time=1 ms",
    "x 64 bytes from 192.0.2.1: icmp_seq=1 ttl=64 time=1 ms",
    "64 bytes from 192.0.2.1: icmp_seq=1 ttl=64 time=1 ms x",
    "no answer yet for icmp_seq=",
    "From 10.0.0.1 icmp_seq=4 \u001b[2J",
  ];

  assert.deepEqual(toldOf(lines.map((line) => `${line}\n`).join("")), []);
});

test("a line that does not end is not kept, and what comes after it is read", () => {
  const flood = Array.from({ length: 10_000 }, () => "64 bytes from 192.0.2.1: icmp_seq=1 ttl=64 ");

  assert.deepEqual(toldOf(...flood, "time=1 ms\n", "no answer yet for icmp_seq=7\n"), [[7, undefined]]);
});

test("whatever is printed, no question is told twice and each latency is a number of milliseconds from 0", () => {
  const words = fc.constantFrom(
    "64 bytes from 1.1.1.1: ",
    "icmp_seq=",
    "3",
    "1",
    " ttl=64 time=",
    ".5",
    " ms",
    "\n",
    "no answer yet for ",
    "-",
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(words, fc.string()), { maxLength: 60 }), (chunks) => {
      const news = toldOf(...chunks);

      assert.equal(new Set(news.map(([sequence]) => sequence)).size, news.length);
      assert.ok(news.every(([, latency]) => latency === undefined || latency >= 0));
    }),
  );
});
