import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { SECOND } from "@edgemere/protocol/kit";
import { addressesAfter, afterEnd, firstRound, isBrokerAddress } from "./addresses.ts";
import type { Failure } from "./reconnect.ts";

const list = ["mqtts://a:8883", "mqtts://b:8883", "mqtts://c:8883"] as const;
const [a, b, c] = list;

/** The addresses that are tried one after the other, with what the rounds came to where one ended. */
function tried(addresses: readonly string[], failures: readonly Failure[]): readonly string[] {
  let round = firstRound(addresses);
  return failures.flatMap((failure) => {
    const { address } = round;
    const turn = afterEnd(round, failure, addresses);
    round = turn.round;
    return turn.over === undefined ? [address] : [address, turn.over.kind];
  });
}

const unreachable: Failure = { kind: "unreachable" };
const refused: Failure = { kind: "refused" };
const busy: Failure = { kind: "busy", retryAfterMs: 7 };

test("tries that fail go through the whole list at once, and only then there is a pause", () => {
  const six = Array.from({ length: 6 }, () => unreachable);

  assert.deepEqual(tried(list, six), [a, b, c, "unreachable", a, b, c, "unreachable"]);
  assert.deepEqual(tried([a], [unreachable, refused]), [a, "unreachable", a, "refused"]);
});

test("an address that gave a session is tried first when the session is lost, and the others after it", () => {
  const lost: Failure = { kind: "lost", lasted: SECOND, spread: 5 };

  assert.deepEqual(tried(list, [unreachable, lost, unreachable, unreachable, unreachable]), [
    a,
    b,
    "lost",
    b,
    c,
    a,
    "unreachable",
  ]);
  assert.deepEqual(afterEnd({ address: b, failures: [unreachable] }, lost, list).over, lost);
});

test("a session in which nobody answered is a try that failed", () => {
  assert.deepEqual(tried(list, [{ kind: "lost", lasted: 0 }, refused, unreachable]), [a, b, c, "unreachable"]);
});

test("a round is as patient as the one that asked for a pause, and as hopeful as the one that was only away", () => {
  assert.deepEqual(afterEnd({ address: c, failures: [busy, refused] }, unreachable, list).over, busy);
  assert.deepEqual(afterEnd({ address: c, failures: [unreachable, refused] }, refused, list).over, unreachable);
  assert.deepEqual(afterEnd({ address: c, failures: [refused, refused] }, refused, list).over, refused);
});

test("an address that is no more in the list is followed by the preferred one", () => {
  assert.equal(afterEnd({ address: "mqtts://gone:8883", failures: [] }, unreachable, list).round.address, a);
});

test("between two pauses no address is tried twice, whatever happens", () => {
  const kind = fc.constantFrom<Failure["kind"]>("lost", "unreachable", "busy", "refused");
  const failure = fc.record({ kind, lasted: fc.constantFrom(0, 0, 0, SECOND) });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 3 }), fc.array(failure, { maxLength: 40 }), (count, failures) => {
      const known = new Set<string>(list);
      let inRound: string[] = [];
      for (const each of tried(list.slice(0, count), failures)) {
        inRound = known.has(each) ? [...inRound, each] : [];
        assert.equal(new Set(inRound).size, inRound.length);
      }
    }),
  );
});

test("what the control plane tells replaces the list, but for the address that is in use", () => {
  assert.deepEqual(addressesAfter([b, c], b), [b, c]);
  assert.deepEqual(addressesAfter([c], b), [c, b]);
  assert.deepEqual(addressesAfter(["https://c", c, ""], b), [c, b]);
  assert.equal(addressesAfter([], b), undefined);
  assert.equal(addressesAfter(["https://c"], b), undefined);
  const many = Array.from({ length: 9 }, (_, i) => `mqtts://${i}`);
  assert.deepEqual(addressesAfter(many, b), [...many.slice(0, 4), b]);
});

test("an address of a broker is one of MQTT over TLS", () => {
  assert.deepEqual(["mqtts://a", "mqtts://[::1]:1", "mqtt://a", "a:8883", ""].map(isBrokerAddress), [
    true,
    true,
    false,
    false,
    false,
  ]);
});
