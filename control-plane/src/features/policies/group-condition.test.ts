import assert from "node:assert/strict";
import { test } from "node:test";
import { Problem } from "../../platform/problem.ts";
import { compileGroupCondition } from "./group-condition.ts";
import { Tally } from "./tally.ts";

/** What a condition says of ten devices, where each part has these values; as many devices as said lost theirs. */
function judge(text: string, values: readonly (readonly number[])[], { missed = 0, isEarly = false } = {}) {
  const { parts, judge: of } = compileGroupCondition(text);
  const tallies = parts.map(({ isOrdered }, place) => {
    const tally = new Tally(isOrdered);
    for (const value of values[place] ?? []) tally.add({ value, isMissed: false });
    for (let count = 0; count < missed; count++) tally.add({ value: undefined, isMissed: true });
    return tally;
  });
  return of({ name: "site=berlin", devices: 10, tallies, isEarly });
}

const refusal = (text: string): string => {
  try {
    compileGroupCondition(text);
    return "none";
  } catch (error) {
    assert.ok(error instanceof Problem && error.type === "invalid-input", String(error));
    return error.message;
  }
};

test("a condition about a group holds over shares, counts, sums, means and ranks of what its devices have", () => {
  const metric = 'value("cpu.busy_percent")';
  const cases: readonly (readonly [string, readonly number[], string])[] = [
    ['share(presence == "offline") > 0.3', [1, 1, 0, 0], "met"],
    ['share(presence == "offline") > 0.5', [1, 1, 0, 0], "unmet"],
    ['count((presence) == "offline" || (name) == "x") == 2', [1, 1, 0, 0], "met"],
    [`average(${metric}) > 80`, [70, 100], "met"],
    [`sum(${metric}) == 170`, [70, 100], "met"],
    [`smallest(${metric}) < 71 && devices >= 10`, [70, 100], "met"],
    [`largest(${metric} / 2.0) == 50.0 && group == "site=berlin"`, [35, 50], "met"],
    [`percentile(${metric}, "50") == 2`, [3, 1, 2], "met"],
    [`percentile(${metric} , "99.9") > 2.5`, [3, 1, 2], "met"],
    ['share(mean("cpu.busy_percent", "5m") > 90 && labels["site"] == "oslo") > 0.9', [1], "met"],
  ];
  for (const [text, values, expected] of cases) assert.equal(judge(text, [values]).verdict, expected, text);
});

test("what two parts ask that is the same is asked once, and each metric is known beforehand", () => {
  const text = 'share( value("a") > 1 ) > 0.1 && share(value("a") > 1) < 0.9 && average(max("b", "5m")) > 2';
  const { parts, metrics, windows } = compileGroupCondition(text);

  assert.deepEqual([parts.length, [...metrics].toSorted(), windows.length], [2, ["a", "b"], 1]);
});

test("of what is known of fewer devices than lost it nobody can tell, and of none at all neither", () => {
  const text = 'share(value("a") > 1) > 0.5';

  assert.equal(judge(text, [[1, 1]], { missed: 2 }).verdict, "met");
  assert.equal(judge(text, [[1, 1]], { missed: 3 }).verdict, "unknown");
  assert.equal(judge(text, [[1, 1]], { missed: 1, isEarly: true }).verdict, "unknown");
  assert.equal(judge(text, [[1, 1]], { isEarly: true }).verdict, "met");
  assert.deepEqual(judge(text, [[]]), { verdict: "unknown", looked: [{ what: 'share(value("a") > 1)' }] });
});

test("a verdict comes with the numbers that it saw, as they stand in the condition", () => {
  const { looked } = judge('share(value("a") > 1) > 0.9 || percentile(value("a"), "95") > 5', [
    [1, 0],
    [4, 6],
  ]);

  assert.deepEqual(looked, [
    { what: 'share(value("a") > 1)', value: 0.5 },
    { what: 'percentile(value("a"), "95")', value: 6 },
  ]);
});

test("a mistake in a condition about a group is told with its line and column, also where it is in what is asked of devices", () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ["devices > 5", /it asks nothing of the devices of a group: it needs one of share, count, .*line 1, column 1/],
    ['share(presnce == "x") > 0.1', /there is no field "presnce"; the fields are: id, .*line 1, column 7/],
    ['devices > 3 &&\n share(value("a") > "x") > 0.1', /line 2, column 8/],
    ['share(value("CPU") > 1) > 0.1', /"CPU" is no metric.*line 1, column 7/],
    ['share(value("a")) > 0.1', /gives a double; it must give true or false.*line 1, column 7/],
    ['average(presence == "x") > 0.1', /gives a bool; it must give a number.*line 1, column 9/],
    ['share(share(presence == "x") > 0.5) > 0.1', /share\(\) is not available here.*line 1, column 7/],
    ['presence == "offline"', /there is no field "presence"; the fields are: group, devices/],
    ['percentile(value("a"), "101") > 1', /"101" is no percent between 0 and 100/],
    ['percentile(value("a")) > 1', /percentile\(\) takes "number", "percent"/],
    ['share(presence == "x", "y") > 1', /share\(\) takes "condition"/],
    ["share() > 1", /share\(\) takes what is asked of each device/],
    ["share(", /line 1/],
    ['average(value("a"))', /must give true or false/],
    ['"a".matches("b") && count(presence == "x") > 1', /matches\(\) is not available here/],
    [
      Array.from({ length: 9 }, (_, place) => `sum(value("a${place}")) > 1`).join(" && "),
      /at most 8 things of each device, and not 9/,
    ],
    [`share(${"!".repeat(2_100)}true) > 1`, /at most 2048 characters/],
  ];
  for (const [text, expected] of cases) assert.match(refusal(text), expected, text);
});
