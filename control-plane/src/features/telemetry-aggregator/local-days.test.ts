import assert from "node:assert/strict";
import { test } from "node:test";
import { DAY, HOUR } from "@edgemere/protocol/kit";
import fc from "fast-check";
import { instant as at } from "./aggregator.test-support.ts";
import { localDays } from "./local-days.ts";

const hoursOf = (zone: string, instant: string): number => {
  const days = localDays(zone);
  const begin = days.beginOf(at(instant));
  return (days.after(begin) - begin) / HOUR;
};

for (const [zone, instant, hours] of [
  ["UTC", "2026-03-29T12:00:00Z", 24],
  ["Europe/Berlin", "2026-03-28T12:00:00Z", 24],
  ["Europe/Berlin", "2026-03-29T12:00:00Z", 23],
  ["Europe/Berlin", "2026-10-25T12:00:00Z", 25],
  ["America/New_York", "2026-03-08T18:00:00Z", 23],
  ["America/New_York", "2026-11-01T18:00:00Z", 25],
  ["Australia/Lord_Howe", "2026-10-04T03:00:00Z", 23.5],
  ["Australia/Lord_Howe", "2026-04-05T03:00:00Z", 24.5],
  ["Asia/Kolkata", "2026-03-29T12:00:00Z", 24],
  // Clocks are set forward at midnight: the day begins at one.
  ["Asia/Beirut", "2026-03-29T12:00:00Z", 23],
  ["Africa/Cairo", "2026-04-24T12:00:00Z", 23],
] as const)
  test(`the day of ${instant} has ${hours} hours in ${zone}`, () => {
    assert.equal(hoursOf(zone, instant), hours);
  });

test("a day begins at midnight where people live", () => {
  assert.equal(localDays("Asia/Kolkata").beginOf(at("2026-03-29T12:00:00Z")), at("2026-03-28T18:30:00Z"));
  assert.equal(localDays("Europe/Berlin").beginOf(at("2026-07-01T00:00:00Z")), at("2026-06-30T22:00:00Z"));
  assert.equal(localDays("America/Los_Angeles").beginOf(at("2026-01-01T07:59:59Z")), at("2025-12-31T08:00:00Z"));
});

test("days follow each other without a hole, each holds its instants, and the one before the next is the same", () => {
  const zones = ["UTC", "Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia"];
  const instants = fc.integer({ min: at("2005-01-01T00:00:00Z"), max: at("2035-01-01T00:00:00Z") });
  fc.assert(
    fc.property(fc.constantFrom(...zones), instants, (zone, instant) => {
      const days = localDays(zone);
      const begin = days.beginOf(instant);
      const end = days.after(begin);

      assert.ok(begin <= instant && instant < end && end - begin <= 2 * DAY + HOUR);
      assert.deepEqual([days.beginOf(end - 1), days.beginOf(end), days.before(end)], [begin, end, begin]);
    }),
  );
});

for (const zone of ["Nowhere/City", "", "+02:00", "Europe/Berlin ", "../../etc/passwd", "Europe//Berlin"])
  test(`"${zone}" is no time zone`, () => {
    assert.throws(() => localDays(zone), /there is no time zone .*; write it like Europe\/Berlin/);
  });

test("an instant that no calendar has is refused", () => {
  assert.throws(() => localDays("Europe/Berlin").beginOf(9e15), /no instant that has a date/);
});
