import assert from "node:assert/strict";
import { test } from "node:test";
import { systemRandom } from "./node-env.ts";
import { idMaker, type Random } from "./env.ts";
import { ManualClock, seededRandom } from "./simulated/index.ts";

const sources: Readonly<Record<string, () => Random>> = {
  "the system's chance": () => systemRandom,
  "seeded chance": () => seededRandom(7),
};
const draw = (random: Random, times: number) => Array.from({ length: times }, () => random.next());

for (const [name, source] of Object.entries(sources)) {
  test(`${name} lies from 0 to below 1 and on both sides of the middle`, () => {
    const drawn = draw(source(), 1_000);

    assert.ok(drawn.every((value) => value >= 0 && value < 1));
    assert.ok(drawn.some((value) => value < 0.5) && drawn.some((value) => value >= 0.5));
  });

  test(`${name} gives as many bytes as are asked for, and not the same twice`, () => {
    const random = source();

    assert.deepEqual(
      [0, 1, 32].map((length) => random.bytes(length).length),
      [0, 1, 32],
    );
    assert.notDeepEqual(random.bytes(32), random.bytes(32));
  });

  test(`bytes of ${name} take low and high values`, () => {
    const bytes = source().bytes(4_096);

    assert.ok(bytes.some((byte) => byte < 8) && bytes.some((byte) => byte >= 248));
  });
}

test("the same seed gives the same chance, another seed another", () => {
  assert.deepEqual(draw(seededRandom(42), 100), draw(seededRandom(42), 100));
  assert.notDeepEqual(draw(seededRandom(42), 100), draw(seededRandom(43), 100));
});

test("the chance of a seed is the same on every machine and in every version", () => {
  const drawn = draw(seededRandom(1), 4).map((value) => Math.floor(value * 2 ** 32));

  assert.deepEqual(drawn, [2_693_262_067, 11_749_833, 2_265_367_787, 4_213_581_821]);
});

test("ids are ULIDs that sort in the order in which they were made, within one millisecond too", async () => {
  const clock = new ManualClock();
  const newId = idMaker({ clock, random: seededRandom(1) });

  const ids = [newId(), newId(), newId()];
  await clock.advance(1);
  ids.push(newId());

  assert.ok(ids.every((id) => /^[0-9A-HJKMNP-TV-Z]{26}$/.test(id)));
  assert.deepEqual(ids, ids.toSorted());
  assert.equal(new Set(ids).size, ids.length);
});

test("an id made after the wall clock stepped back does not meet an earlier one", () => {
  const clock = new ManualClock();
  const newId = idMaker({ clock, random: seededRandom(1) });
  const before = newId();

  clock.step(-60_000);

  assert.notEqual(newId(), before);
});

test("the same clock and chance make the same ids", () => {
  const make = () => idMaker({ clock: new ManualClock(), random: seededRandom(5) });

  assert.equal(make()(), make()());
});

test("a clock that tells fractions of milliseconds makes ids too", () => {
  const newId = idMaker({ clock: new ManualClock(1_767_225_525_270.579), random: seededRandom(1) });

  assert.match(newId(), /^[0-9A-HJKMNP-TV-Z]{26}$/);
});
