import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  askedMarks,
  askedText,
  gapMarks,
  gapsText,
  happeningsOf,
  isLost,
  joinedMarks,
  PLACES,
  type FleetMark,
} from "./fleet-marks.ts";

const HOUR = 3_600_000;
const noon = Date.UTC(2026, 5, 1, 12);
const hour = { from: noon, to: noon + HOUR };
const mark = (from: number, to = from, on = "gw1"): FleetMark => ({ from, to, on, what: "ping", state: "succeeded" });

const times = fc.array(
  fc
    .tuple(fc.integer({ min: -HOUR, max: 2 * HOUR }), fc.integer({ min: 0, max: HOUR }))
    .map(([from, width]) => mark(noon + from, noon + from + width)),
  { maxLength: 400 },
);

test("a time line never has more marks than places, and every mark that the range shows is in one of them", () => {
  fc.assert(
    fc.property(times, (marks) => {
      const joined = joinedMarks(marks, hour);
      const shown = marks.filter(({ from, to }) => from <= hour.to && to >= hour.from);

      assert.ok(joined.length <= PLACES + 1, `${joined.length} marks`);
      assert.equal(joined.flatMap(({ marks }) => marks).length, shown.length);
      for (const { marks, from, to } of joined)
        assert.ok(marks.every((each) => each.from >= from && each.to <= to) && marks.length > 0);
    }),
  );
});

test("marks join by where they are, so that they stay joined while a live range goes on", () => {
  const marks = [mark(noon + 60_000), mark(noon + 61_000), mark(noon + HOUR / 2)];
  const later = { from: hour.from + 1_234, to: hour.to + 1_234 };
  const counts = (range: typeof hour) => joinedMarks(marks, range).map((each) => each.marks.length);

  assert.deepEqual(counts(hour), [2, 1]);
  assert.deepEqual(counts(later), [2, 1]);
});

test("a closer look parts what was joined", () => {
  const marks = [mark(noon + 1_000), mark(noon + 31_000)];

  assert.equal(joinedMarks(marks, hour).length, 1);
  assert.equal(joinedMarks(marks, { from: noon, to: noon + 60_000 }).length, 2);
});

const aJob = (id: string, device: string, rollout?: string) =>
  ({ id, kind: "exec", devices: [device], state: "failed", createdAt: noon + 5, ...(rollout && { rollout }) }) as Job;
type Job = Parameters<typeof askedMarks>[0]["jobs"][number];
type Rollout = Parameters<typeof askedMarks>[0]["rollouts"][number];
const aRollout = (id: string) =>
  ({ id, kind: "ping", state: "running", waves: [{ targets: 2, openedAt: noon }, { targets: 5 }] }) as Rollout;
const nameOf = (device: string) => `name of ${device}`;

test("of a rollout each wave that began is marked, and not each of its commands", () => {
  const asked = { jobs: [aJob("j1", "d1", "r/1"), aJob("j2", "d1")], rollouts: [aRollout("r/1")] };

  assert.deepEqual(
    askedMarks(asked, undefined, nameOf).map(({ what, on, link, from }) => [what, on, link, from - noon]),
    [
      ["exec", "name of d1", "/jobs/j2", 5],
      ["wave 1 of ping", "2 devices", "/rollouts/r%2F1", 0],
    ],
  );
});

test("where only some devices are shown, what others were asked is not marked", () => {
  const asked = {
    jobs: [aJob("j1", "d1", "r1"), aJob("j2", "d2", "r2"), aJob("j3", "d2")],
    rollouts: [aRollout("r1"), aRollout("r2")],
  };

  assert.deepEqual(
    askedMarks(asked, new Set(["d1"]), nameOf).map(({ link }) => link),
    ["/rollouts/r1"],
  );
});

test("a mark tells what is in it: how much, of which devices, and why, whatever these are called", () => {
  const gaps = ["a\u202eb", "c", "d", "e"].flatMap((name) =>
    gapMarks(name, [{ from: noon, to: noon + 60_000, records: 0, reason: "silence" }]),
  );
  const [joined] = joinedMarks(gaps, hour);
  assert.ok(joined);

  assert.match(gapsText(joined, true), /^Not recorded of a\[U\+202E\]b, c, d, 1 more, 4 times: the device made no/);
  assert.match(gapsText(joined, true), /UTC, 1 min$/);
  assert.deepEqual(
    [...gaps, ...gapMarks("f", [{ from: 1, to: 2, records: 3, reason: "thinned" }])].filter(isLost).map(({ on }) => on),
    ["f"],
  );
  const commands = joinedMarks([mark(noon), mark(noon + 1)], hour)[0];
  assert.ok(commands);
  assert.match(askedText(commands, true), /^2 commands: ping on gw1: succeeded; ping on gw1: succeeded; asked /);
});

test("as rows they come newest first, and those of another time are left out", () => {
  const gaps = gapMarks("gw1", [{ from: noon - 1, to: noon + 60_000, records: 0, reason: "silence" }]);
  const rows = happeningsOf(gaps, [mark(noon + 9), mark(noon - 9)], hour);

  assert.deepEqual(
    rows.map(({ at, what }) => [at - noon, what]),
    [
      [9, "ping on gw1"],
      [-1, "not recorded of gw1"],
    ],
  );
});
