import assert from "node:assert/strict";
import { test } from "node:test";
import {
  changeText,
  deviceLink,
  fleetCsv,
  groupName,
  inputOf,
  isHeavy,
  linesOf,
  notHeard,
  questionIn,
  type FleetAnswer,
} from "./fleet-query.ts";

const at = Date.UTC(2026, 0, 1);
const answer: FleetAnswer = {
  from: at,
  to: at + 120_000,
  step: "1m",
  function: "mean",
  source: "samples",
  cost: { devices: 2, samples: 4, bytes: 100, isEstimated: false },
  at: [at, at + 60_000],
  series: [
    { by: { site: "=1+1" }, metric: "load", devices: 1, overall: 1.5, value: [1, 2] },
    { by: { site: "" }, metric: "load", devices: 1, overall: 3, value: [3, null] },
    { by: { site: "oslo" }, metric: "load", devices: 0, overall: null, value: [null, null] },
  ],
  pending: 0,
  leftOut: 0,
  children: [],
  omitted: 0,
};
const asked = (search: string) => questionIn(new URLSearchParams(search));

test("a control plane that is silent, or was never heard, is named beside the answer that lacks its devices", () => {
  const children = [
    { name: "Oslo", state: "reporting", knownUpTo: at },
    { name: "Bergen", state: "silent", knownUpTo: at },
    { name: "Tromso", state: "reporting" },
  ];

  assert.deepEqual(
    notHeard({ ...answer, children }).map(({ name }) => name),
    ["Bergen", "Tromso"],
  );
  assert.deepEqual(notHeard(answer), []);
});

test("what an address says is asked, and what it does not say is left to the control plane", () => {
  const range = { from: at, to: at + 1 };

  assert.deepEqual(inputOf(asked(""), range), { metric: ["cpu.busy_percent"], function: "mean", from: at, to: at + 1 });
  assert.deepEqual(
    inputOf(asked("metric=load&function=p95&by=site,device&selector=role=gw&adevice=berlin&show=lowest"), range),
    {
      metric: ["load"],
      function: "p95",
      by: ["site", "device"],
      selector: "role=gw",
      adevice: "berlin",
      top: 10,
      order: "ascending",
      from: at,
      to: at + 1,
    },
  );
  assert.equal(inputOf(asked("show=changed"), range).changes, true);
});

test("a live range is from now, by the clock of whoever answers", () => {
  const { from, to } = inputOf(asked(""), { last: 3_600_000 });

  assert.deepEqual([from, to] as unknown[], ["-3600000ms", undefined]);
});

test("words that nobody knows stand for what is usual", () => {
  assert.deepEqual(asked("function=constructor&show=toString&by=,,&metric="), asked(""));
});

test("groups are lines with the names of what they have in common; those without any value are none", () => {
  const lines = linesOf(answer);

  assert.deepEqual(
    lines.map(({ label }) => label),
    ["site==1+1", "without site"],
  );
  assert.deepEqual(lines[1]?.value, [3, null]);
  assert.equal(groupName({ by: {} }), "all devices");
  assert.equal(groupName({ by: { device: "gw-1", instance: "/var" } }), "gw-1, instance=/var");
});

test("the file holds what was recorded, no formula, and instants in UTC", () => {
  assert.equal(
    fleetCsv(answer),
    [
      "time,step,metric,function,site,value",
      "2026-01-01T00:00:00.000Z,1m,load,mean,'=1+1,1",
      "2026-01-01T00:01:00.000Z,1m,load,mean,'=1+1,2",
      "2026-01-01T00:00:00.000Z,1m,load,mean,,3",
      "",
    ].join("\r\n"),
  );
});

for (const [before, overall, change, text] of [
  [1, 1.125, 0.125, "+12.5 %"],
  [2, 1, -0.5, "-50 %"],
  [1, 1, 0, "0 %"],
  [null, 1, null, "new"],
  [1, null, null, "gone"],
  [0, 1, null, "from zero"],
  [null, null, null, ""],
] as const)
  test(`from ${String(before)} to ${String(overall)} is told as "${text}"`, () => {
    const group = { by: {}, metric: "load", devices: 1, value: [], before, overall, change };

    assert.equal(changeText(group).replace("\u2212", "-"), text);
  });

test("a group of one device leads to its charts at the same range", () => {
  const parameters = new URLSearchParams("from=a&to=b&zone=utc&metric=load&by=device");

  assert.equal(deviceLink({ by: { device: "a b" } }, parameters), "/devices/a%20b/charts?from=a&to=b&zone=utc");
  assert.equal(deviceLink({ by: { device: "oslo/gw-1" } }, parameters), undefined);
  assert.equal(deviceLink({ by: { site: "oslo" } }, parameters), undefined);
  assert.equal(deviceLink({ by: { device: "" } }, parameters), undefined);
});

test("what reads millions of samples, or much of the disk, is heavy", () => {
  const cost = { devices: 1, samples: 1, bytes: 1, isEstimated: true };

  assert.equal(isHeavy(cost), false);
  assert.equal(isHeavy({ ...cost, samples: 5_000_001 }), true);
  assert.equal(isHeavy({ ...cost, bytes: 2 ** 27 }), true);
});
