import assert from "node:assert/strict";
import { test } from "node:test";
import { alertsOf, changesOf, logOf, storyOf } from "./device-story.ts";

const at = (...times: readonly number[]) => times.map((time) => ({ at: time, what: String(time) }));

test("what several sources tell comes in one order, newest first", () => {
  const { happenings, isAll } = storyOf([
    { happenings: at(5, 1), isAll: true },
    { happenings: at(4, 2), isAll: true },
  ]);

  assert.deepEqual([happenings.map((each) => each.at), isAll], [[5, 4, 2, 1], true]);
});

test("what lies before the oldest of a source that has more is left out: something would be missing there", () => {
  const { happenings, isAll } = storyOf([
    { happenings: at(9, 6, 1), isAll: true },
    { happenings: at(8, 5), isAll: false },
  ]);

  assert.deepEqual([happenings.map((each) => each.at), isAll], [[9, 8, 6, 5], false]);
});

test("a device to which nothing happened has no story", () => {
  assert.deepEqual(storyOf([{ happenings: [], isAll: true }]), { happenings: [], isAll: true });
  assert.deepEqual(storyOf([]).happenings, []);
});

test("an alert that is over is told twice: when it began, and when it ended", () => {
  const over = {
    id: "d/full",
    policy: "full",
    device: "d",
    severity: "critical",
    state: "resolved",
    since: 3,
    endedAt: 7,
  };

  const { happenings } = alertsOf({ items: [over] } as never);

  assert.deepEqual(
    happenings.map(({ at: when, what }) => [when, what]),
    [
      [3, "alert full"],
      [7, "end of the alert full"],
    ],
  );
});

test("facts that changed at one moment are told together, and one by itself with what it was and is", () => {
  const change = (at: number, attribute: string) => ({ id: attribute, at, attribute, before: 1, after: 2 });
  const items = [change(9, "cpu.count"), change(4, "os.name"), change(4, "os.version")];

  assert.deepEqual(changesOf({ items, next: "more" }), {
    isAll: false,
    happenings: [
      { at: 9, what: "cpu.count changed", detail: "from 1 to 2" },
      { at: 4, what: "2 facts changed", detail: "os.name, os.version" },
    ],
  });
});

test("coming and going is told whole when less came than was asked for", () => {
  const event = (at: number, type: string) => ({ number: at, at, subject: "d", type, data: {} });
  const events = [event(1, "device.offline"), event(2, "device.online")];

  assert.deepEqual(logOf({ events, next: 2 }, 3), {
    isAll: true,
    happenings: [
      { at: 1, what: "device.offline" },
      { at: 2, what: "device.online" },
    ],
  });
  assert.equal(logOf({ events, next: 2 }, 2).isAll, false);
});
