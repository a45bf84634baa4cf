import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { booked, openBytes, type Booking } from "./capacity.ts";

const aRoom = { freeBytes: 100, availableBytes: 100, reservedBytes: 0, placingBytes: 0 };
const after = (...entries: readonly (readonly [Booking, number])[]) =>
  entries.reduce((room, [booking, bytes]) => booked(room, { booking, bytes }), aRoom);

test("an offer holds room, and its confirmation takes what was held out of what is available", () => {
  assert.deepEqual(after(["offer", 30]), { ...aRoom, reservedBytes: 30 });
  assert.deepEqual(after(["offer", 30], ["confirm", 30]), {
    freeBytes: 100,
    availableBytes: 70,
    reservedBytes: 0,
    placingBytes: 30,
  });
});

test("what is withdrawn and what is released leave everything as it was", () => {
  assert.deepEqual(after(["offer", 30], ["withdraw", 30]), aRoom);
  assert.deepEqual(after(["offer", 30], ["confirm", 30], ["release", 30]), aRoom);
});

test("what is open for others is what is available and held for nobody", () => {
  assert.equal(openBytes(after(["offer", 30], ["confirm", 30], ["offer", 20])), 50);
});

/** Holds that come, are decided and end in any order that holds can. */
const aLife = fc.record({
  bytes: fc.integer({ min: 1, max: 40 }),
  end: fc.constantFrom<readonly Booking[]>(
    ["offer"],
    ["offer", "withdraw"],
    ["offer", "confirm"],
    ["offer", "confirm", "release"],
  ),
  order: fc.array(fc.nat(1_000), { minLength: 3, maxLength: 3 }),
});

test("whatever comes in whatever order, nothing is below zero and the sums are those of what is still held", () => {
  fc.assert(
    fc.property(fc.array(aLife, { maxLength: 12 }), (lives) => {
      const entries = lives.flatMap(({ bytes, end, order }) => {
        const places = order.toSorted((a, b) => a - b);
        return end.map((booking, i) => ({ booking, bytes, at: places[i] ?? 0 }));
      });
      let room = { ...aRoom, freeBytes: 1_000, availableBytes: 1_000 };
      for (const entry of entries.toSorted((a, b) => a.at - b.at)) {
        room = booked(room, entry);
        assert.ok(Math.min(room.availableBytes, room.reservedBytes, room.placingBytes, openBytes(room)) >= 0);
      }
      const sum = (last: Booking) =>
        lives.filter(({ end }) => end.at(-1) === last).reduce((bytes, life) => bytes + life.bytes, 0);
      assert.deepEqual(
        [room.reservedBytes, room.placingBytes, room.availableBytes],
        [sum("offer"), sum("confirm"), 1_000 - sum("confirm")],
      );
    }),
  );
});
