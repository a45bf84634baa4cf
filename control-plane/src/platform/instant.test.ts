import assert from "node:assert/strict";
import { test } from "node:test";
import { DAY, HOUR } from "@edgemere/protocol/kit";
import fc from "fast-check";
import { instantOf } from "./instant.ts";

// oxlint-disable-next-line no-restricted-globals -- a given instant is written, no clock is asked
const utc = (at: number) => new Date(at).toISOString();
const now = 1_772_366_400_000;

for (const [text, meant] of [
  ["0", 0],
  ["1772366400000", now],
  ["now", now],
  ["-24h", now - DAY],
  ["+90m", now + 1.5 * HOUR],
  ["now-7d", now - 7 * DAY],
  ["now+2w", now + 14 * DAY],
  ["-1500ms", now - 1_500],
  ["-0s", now],
  ["2026-03-01", now - 12 * HOUR],
  ["2026-03-01T12:00Z", now],
  ["2026-03-01T12:00:00.000Z", now],
  ["2026-03-01t12:00:00z", now],
  ["2026-03-01 12:00:00Z", now],
  ["2026-03-01T13:00:00+01:00", now],
  ["2026-03-01T08:30:00-0330", now],
  ["2026-03-01T12:00:00,5Z", now + 500],
  ["2026-03-01T12:00:00.123999999Z", now + 123],
  ["2024-02-29T00:00Z", 1_709_164_800_000],
] as const)
  test(`"${text}" is an instant`, () => {
    assert.equal(instantOf(text, now), meant);
  });

for (const [text, why] of [
  ["", "says nothing"],
  ["yesterday", "is a word that is not known"],
  ["24h", "does not say whether it is before or after now"],
  ["-24", "has no unit"],
  ["-1.5h", "is no whole number of a unit"],
  ["-24 h", "has a blank in it"],
  ["now -24h", "has a blank in it"],
  ["-24x", "has a unit that there is not"],
  ["2026-03-01T12:00", "has no zone"],
  ["2026-03-01T12:00:00", "has no zone"],
  ["2026-03-01Z", "is a date, which needs no zone"],
  ["2026-02-30", "is no day"],
  ["2025-02-29T00:00Z", "is no day"],
  ["2026-13-01", "is no month"],
  ["2026-03-01T24:00Z", "is no hour"],
  ["2026-03-01T12:60Z", "is no minute"],
  ["2026-03-01T12:00:60Z", "is no second of UTC as computers count it"],
  ["2026-03-01T12:00+24:00", "is no zone"],
  ["1969-12-31T23:59Z", "is before 1970"],
  ["-99999d", "is before 1970"],
  ["8640000000000001", "is later than a date can tell"],
  ["99999999999999999", "has too many digits"],
  ["1e12", "is no row of digits"],
  ["0x10", "is no row of digits"],
  [" now", "begins with a blank"],
  ["constructor", "is a word that every object knows"],
  ["-1constructor", "has a unit that every object knows"],
] as const)
  test(`"${text}" is no instant: it ${why}`, () => {
    assert.equal(instantOf(text, now), undefined);
  });

test("an instant that is written in UTC, in any zone, or from now means itself again", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2 * DAY, max: 253_000_000_000_000 }),
      fc.integer({ min: -23 * 60, max: 23 * 60 }),
      (at, zone) => {
        const [hours = "", minutes = ""] = [Math.trunc(Math.abs(zone) / 60), Math.abs(zone) % 60].map((each) =>
          String(each).padStart(2, "0"),
        );
        const local = utc(at + zone * 60_000).slice(0, -1);
        assert.equal(instantOf(String(at), now), at);
        assert.equal(instantOf(utc(at), now), at);
        assert.equal(instantOf(`${local}${zone < 0 ? "-" : "+"}${hours}:${minutes}`, now), at);
        assert.equal(instantOf(`${at < now ? "-" : "+"}${Math.abs(at - now)}ms`, now), at);
      },
    ),
  );
});

test("whatever the text, it is an instant that a date can tell, or none", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[-+:TZ0-9nowhdms. ]{0,30}$/)), (text) => {
      const at = instantOf(text, now);
      assert.ok(at === undefined || (Number.isInteger(at) && at >= 0 && at <= 8.64e15));
    }),
  );
});
