import assert from "node:assert/strict";
import { test } from "node:test";
import { beginsAt, type Schedule } from "./schedule-contract.ts";

// eslint-disable-next-line no-restricted-globals -- reads a text and no clock
const instant = (text: string): number => Date.parse(text);
const hours = (over: Partial<Schedule> = {}): Schedule => ({
  zone: "Europe/Berlin",
  days: ["mon", "tue", "wed", "thu", "fri"],
  from: "08:00",
  to: "18:00",
  ...over,
});
/** When it begins next, as text; undefined within its hours. */
const begins = (schedule: Schedule, now: string) => {
  const at = beginsAt(schedule, instant(now));
  // oxlint-disable-next-line no-restricted-globals -- writes an instant and asks no clock
  return at === undefined ? undefined : new Date(at).toISOString();
};

test("hours begin by the wall clock of their zone, in summer and in winter", () => {
  assert.equal(begins(hours(), "2026-07-06T05:59:59Z"), "2026-07-06T06:00:00.000Z");
  assert.equal(begins(hours(), "2026-07-06T06:00:00Z"), undefined);
  assert.equal(begins(hours(), "2026-01-05T06:30:00Z"), "2026-01-05T07:00:00.000Z");
});

test("after the end of the last day the hours begin again in the next week", () => {
  assert.equal(begins(hours(), "2026-07-10T15:59:59Z"), undefined);
  assert.equal(begins(hours(), "2026-07-10T16:00:00Z"), "2026-07-13T06:00:00.000Z");
  assert.equal(begins(hours({ days: ["mon"] }), "2026-07-06T16:00:00Z"), "2026-07-13T06:00:00.000Z");
});

test("hours that end before they begin end on the next day, also where that is none of theirs", () => {
  const nights = hours({ days: ["sun"], from: "22:00", to: "06:00" });

  assert.equal(begins(nights, "2026-07-12T19:00:00Z"), "2026-07-12T20:00:00.000Z");
  assert.equal(begins(nights, "2026-07-12T23:00:00Z"), undefined);
  assert.equal(begins(nights, "2026-07-13T03:59:59Z"), undefined);
  assert.equal(begins(nights, "2026-07-13T04:00:00Z"), "2026-07-19T20:00:00.000Z");
});
