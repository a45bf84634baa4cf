import assert from "node:assert/strict";
import { test } from "node:test";
import { Flight } from "./flight.ts";
import { keep } from "./spool/kept-record.ts";

const record = (sequence: number) =>
  keep("event", { sequence, atMs: 1, agentEvent: { name: "test", detail: "x".repeat(100) } });
const bytes = record(1).payload.length;

test("records are under way until they are acknowledged, also when only some of a batch are", () => {
  const flight = new Flight({ firstUnacknowledged: 1, next: 1 });
  flight.sent([record(1), record(2), record(3)], 10);
  assert.deepEqual([flight.bytes, flight.next, flight.waitingSince], [3 * bytes, 4, 10]);

  flight.acknowledged(2, 20);
  assert.deepEqual([flight.bytes, flight.next, flight.waitingSince], [bytes, 4, 20]);
  flight.acknowledged(3, 30);
  assert.deepEqual([flight.bytes, flight.waitingSince], [0, undefined]);
});

test("an acknowledgement tells how long the newest batch that it answers took", () => {
  const flight = new Flight({ firstUnacknowledged: 1, next: 1 });
  flight.sent([record(1), record(2)], 10);
  flight.sent([record(3)], 40);

  assert.deepEqual(flight.acknowledged(3, 100)?.passage, { bytes, took: 60 });
  assert.equal(flight.acknowledged(3, 110), undefined);
});

test("what follows a batch that was lost does not put off the moment at which that is sent again", () => {
  const flight = new Flight({ firstUnacknowledged: 1, next: 1 });
  flight.sent([record(1)], 10);
  flight.handedOver(20);
  for (const sequence of [2, 3]) {
    flight.sent([record(sequence)], 10 * (sequence + 1));
    flight.handedOver(10 * (sequence + 1) + 5);
    flight.acknowledged(0, 10 * (sequence + 1) + 6);
  }

  assert.equal(flight.waitingSince, 20);
});

test("what was sent again tells nothing, because the answer may be one to the first sending", () => {
  const flight = new Flight({ firstUnacknowledged: 1, next: 1 });
  flight.sent([record(1)], 10);
  flight.again(1);
  assert.deepEqual([flight.bytes, flight.next, flight.resends, flight.waitingSince], [0, 1, 1, undefined]);

  flight.sent([record(1)], 50);
  assert.equal(flight.acknowledged(1, 60), undefined);
  assert.equal(flight.resends, 0);
});

test("an acknowledgement that moves nothing is no progress", () => {
  const flight = new Flight({ firstUnacknowledged: 5, next: 5 });
  flight.sent([record(5)], 10);
  flight.again(5);
  flight.sent([record(5)], 20);
  flight.acknowledged(4, 99);

  assert.deepEqual([flight.waitingSince, flight.resends], [20, 1]);
});

test("what was kept before the session is backlog until it is sent", () => {
  const flight = new Flight({ firstUnacknowledged: 1, next: 3 });
  assert.equal(flight.isBacklog, true);
  flight.sent([record(1), record(2)], 10);

  assert.equal(flight.isBacklog, false);
});
