import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { DAY, HOUR, MINUTE } from "@edgemere/protocol/kit";
import { openingsAfter, windowAt } from "./maintenance-window.ts";
import type { Window } from "./rollout-spec-contract.ts";
import { weekdays } from "./rollout-words-contract.ts";
import { zoneOf, type Zone } from "../../platform/wall-clock.ts";

const zone = (name: string): Zone => {
  const found = zoneOf(name);
  assert.ok(found, name);
  return found;
};
const shown = new Intl.DateTimeFormat("sv-SE", { timeZone: "UTC", dateStyle: "short", timeStyle: "short" });
const daily = { days: [...weekdays] };
const opensIn = (name: string, window: Partial<Window>, now: number, count = 3) =>
  openingsAfter([{ ...daily, at: "02:30", minutes: 60, ...window }], zone(name), { now, count }).map(
    ({ opensAt, closesAt }) => `${shown.format(opensAt)} ${(closesAt - opensAt) / MINUTE}`,
  );

for (const [about, name, window, now, expected] of [
  [
    "of every night in winter",
    "Europe/Berlin",
    {},
    DAY * 20463 + HOUR * 12, // 2026-01-10
    ["2026-01-11 01:30 60", "2026-01-12 01:30 60", "2026-01-13 01:30 60"],
  ],
  [
    "in the night that has no half past two opens as long after the skip",
    "Europe/Berlin",
    {},
    DAY * 20540 + HOUR * 12, // 2026-03-28
    ["2026-03-29 01:30 60", "2026-03-30 00:30 60", "2026-03-31 00:30 60"],
  ],
  [
    "in the night that has half past two twice opens once, the first time",
    "Europe/Berlin",
    {},
    DAY * 20750 + HOUR * 12, // 2026-10-24
    ["2026-10-25 00:30 60", "2026-10-26 01:30 60", "2026-10-27 01:30 60"],
  ],
  [
    "of one weekday comes back each week, by that place's calendar",
    "Pacific/Auckland",
    { days: ["mon"], at: "01:00" },
    DAY * 20611, // 2026-06-07
    ["2026-06-07 13:00 60", "2026-06-14 13:00 60", "2026-06-21 13:00 60"],
  ],
  [
    "that is open is told as well",
    "UTC",
    { at: "22:00", minutes: 300 },
    DAY * 20455 + HOUR * 1, // 2026-01-02
    ["2026-01-01 22:00 300", "2026-01-02 22:00 300", "2026-01-03 22:00 300"],
  ],
  [
    "where clocks go forward by half an hour",
    "Australia/Lord_Howe",
    { at: "02:15" },
    DAY * 20729 + HOUR * 12, // 2026-10-03
    ["2026-10-03 15:45 60", "2026-10-04 15:15 60", "2026-10-05 15:15 60"],
  ],
] as const satisfies readonly (readonly [string, string, Partial<Window>, number, readonly string[]])[])
  test(`a window ${about}`, () => {
    assert.deepEqual(opensIn(name, window, now), expected);
  });

for (const name of ["", "Mars/Olympus", "Europe/Berlin\n", "+02:00", "../etc", "x".repeat(10_000), "Europe/Berlin; x"])
  test(`there is no time zone ${JSON.stringify(name.slice(0, 20))}`, () => {
    assert.equal(zoneOf(name), undefined);
  });

const zones = ["UTC", "Europe/Berlin", "America/New_York", "America/St_Johns", "Asia/Kathmandu", "Pacific/Apia"].map(
  zone,
);
const someZone = fc.constantFrom(...zones);
const someInstant = fc.integer({ min: DAY * 14_975, max: DAY * 24_472 });
const someWindow: fc.Arbitrary<Window> = fc.record({
  days: fc.uniqueArray(fc.constantFrom(...weekdays), { minLength: 1 }),
  at: fc
    .tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }))
    .map((parts) => parts.map((each) => String(each).padStart(2, "0")).join(":")),
  minutes: fc.integer({ min: 1, max: 3_000 }),
});

test("the wall clock shows the instant that it is asked for, or one within the hour that comes twice", () => {
  fc.assert(
    fc.property(someZone, someInstant, (zone, instant) => {
      const whole = instant - (instant % 1_000);
      const back = zone.instantOf(zone.at(whole));
      assert.deepEqual(zone.at(back), zone.at(whole));
      assert.ok(back <= whole && whole - back <= DAY, `${back} ${whole}`);
    }),
  );
});

test("openings come in order, begin on their weekdays, last as long as they should, and none between them is left out", () => {
  fc.assert(
    fc.property(someZone, someInstant, fc.array(someWindow, { minLength: 1, maxLength: 3 }), (zone, now, windows) => {
      const openings = openingsAfter(windows, zone, { now, count: 10 });
      assert.equal(openings.length, 10);
      for (const [place, { opensAt, closesAt }] of openings.entries()) {
        assert.ok(closesAt > now && opensAt >= (openings[place - 1]?.opensAt ?? -Infinity));
        assert.ok(windows.some(({ minutes }) => closesAt - opensAt === minutes * MINUTE));
      }
      const [, second] = openings;
      const later = openingsAfter(windows, zone, { now: (second?.closesAt ?? 0) - 1, count: 10 });
      assert.ok(second && later.some((each) => each.opensAt === second.opensAt && each.closesAt === second.closesAt));
    }),
    { numRuns: 50 },
  );
});

test("a window is open exactly while one of the openings is", () => {
  fc.assert(
    fc.property(someZone, someInstant, fc.array(someWindow, { minLength: 1, maxLength: 3 }), (zone, now, windows) => {
      const state = windowAt(windows, zone, now);
      const openings = openingsAfter(windows, zone, { now, count: 40 });
      const open = openings.filter(({ opensAt }) => opensAt <= now);
      assert.equal(state.isOpen, open.length > 0);
      if (state.isOpen) assert.ok(state.closesAt > now);
      else assert.equal(state.opensAt, openings[0]?.opensAt);
      assert.ok(state.isOpen || state.opensAt <= now + 8 * DAY + HOUR);
    }),
    { numRuns: 50 },
  );
});
