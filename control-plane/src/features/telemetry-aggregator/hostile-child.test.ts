import assert from "node:assert/strict";
import { test } from "node:test";
import { BUCKETS_AT_MOST, ColumnEncoder, Sketch } from "@edgemere/protocol";
import { DAY, HOUR, MINUTE, SECOND } from "@edgemere/protocol/kit";
import fc from "fast-check";
import { auditTable } from "../../platform/audit.ts";
import type { InputOf } from "../../platform/action.ts";
import { slow } from "../../platform/database.test-support.ts";
import { aDevice } from "../device.test-support.ts";
import { declare, reported } from "./chain.test-support.ts";
import type { World } from "./aggregator.test-support.ts";
import { hourBytes, metricHour } from "./chain-bytes.ts";
import * as contract from "./contract.ts";
import { aParent, aReport, bytesOf, minutes, NOW, tell, THIS_HOUR } from "./hostile-child.test-support.ts";
import { gridOfPeriod } from "./window-tables.ts";
import { Windows } from "./windows.ts";

const SUMS: InputOf<typeof contract.queryTelemetry> = {
  metric: ["load"],
  from: NOW - DAY,
  to: NOW,
  step: "1m",
  function: "sum",
};

const total = async (world: World) => {
  return (await world.call(contract.queryTelemetry, SUMS)).series[0]?.overall;
};

/** What a window says, changed afterwards. */
const changed = (change: (windows: Windows) => void): string => {
  const one = minutes([1, 2]);
  change(one.windows);
  return bytesOf({ load: [one] });
};

for (const [what, report, reason] of [
  ["of an origin that was not declared for it", aReport({ origin: "evil" }), "undeclared-origin"],
  ["of this control plane's own devices", aReport({ origin: "parent" }), "own-origin"],
  ["of an hour to come", aReport({ hour: NOW + HOUR }), "future"],
  [
    "of a minute to come",
    aReport({ hour: NOW, windows: bytesOf({ load: [minutes([1], { hour: NOW, minute: 30 })] }) }),
    "future",
  ],
  [
    "with a version that nothing later could exceed",
    aReport({ version: `000001.${"9".repeat(16)}.00000000` }),
    "future",
  ],
  ["of an hour whose windows are forgotten", aReport({ hour: THIS_HOUR - 8 * DAY }), "too-old"],
  ["of a time that is no hour", aReport({ hour: THIS_HOUR + 1 }), "inconsistent"],
  ["with a gap of another hour", aReport({ gaps: [{ from: 0, to: 1, records: 1, reason: "x" }] }), "inconsistent"],
  ["with bytes that are no windows", aReport({ windows: "AAAA" }), "unreadable"],
  ["with less than one sample", aReport({ windows: changed(({ count }) => (count[0] = 0.5)) }), "inconsistent"],
  [
    "with more samples than its sketch has",
    aReport({ windows: changed(({ count }) => (count[0] = 1_000)) }),
    "inconsistent",
  ],
  ["with a mean above its largest", aReport({ windows: changed(({ sum }) => (sum[0] = 1e9)) }), "inconsistent"],
  [
    "with a sum that is infinite for no reason",
    aReport({ windows: changed(({ sum }) => (sum[0] = Infinity)) }),
    "inconsistent",
  ],
  [
    "with a last sample of another minute",
    aReport({ windows: changed(({ lastAt }) => (lastAt[0] = NOW)) }),
    "inconsistent",
  ],
  ["with a metric whose name is none", aReport({ windows: bytesOf({ "<b>": [minutes([1])] }) }), "inconsistent"],
  ["with an instance twice", aReport({ windows: bytesOf({ load: [minutes([1]), minutes([1])] }) }), "unreadable"],
  [
    "with more series than a device has",
    aReport({
      windows: bytesOf(Object.fromEntries(Array.from({ length: 1_001 }, (_, place) => [`m${place}`, [minutes([])]]))),
    }),
    "too-many-series",
  ],
] as const)
  test(`a report ${what} is refused under "${reason}", and what came with it is taken`, async () => {
    await using world = await aParent();

    const { isTaken, refused } = await tell(world, [report, aReport({ device: "d2" })]);

    assert.deepEqual([isTaken, refused], [true, [{ reason, hours: 1 }]]);
    assert.equal(await total(world), 3);
    const { items } = await world.call(contract.listChildren, {});
    assert.deepEqual(items.find(({ name }) => name === "Edge")?.refused, [{ reason, hours: 1 }]);
  });

/** A few bytes that say that each minute of each instance has as many values as a sketch has buckets, each in another one. */
function enormous(instances: number): string {
  const values = Array.from({ length: BUCKETS_AT_MOST }, (_, place) => Math.pow(1.02, place));
  const columns = new ColumnEncoder();
  const windows = new Windows(gridOfPeriod("minutes", THIS_HOUR));
  const sketch = new Sketch();
  for (const value of values) sketch.add(value);
  for (let minute = 0; minute < 60; minute++)
    windows.addSamples({ at: values.map((_, row) => THIS_HOUR + minute * MINUTE + row), values });
  const sketches = Array.from({ length: 60 }, () => sketch);
  const all = Array.from({ length: instances }, (_, place) => ({ instance: `${place}`, windows, sketches }));
  return Buffer.from(hourBytes([metricHour(columns, "load", all)])).toString("base64");
}

test("an hour whose sketches are enormous is refused before they are read, however few bytes they take", async () => {
  await using world = await aParent();

  const { refused } = await tell(world, [aReport({ windows: enormous(5) }), aReport({ device: "d2" })]);

  assert.deepEqual(refused, [{ reason: "too-large", hours: 1 }]);
  assert.equal(await total(world), 3);
});

test("an hour whose device has more labels than anybody gives it is refused: each query of the fleet reads them", async () => {
  await using world = await aParent();
  const labels = Object.fromEntries(Array.from({ length: 200 }, (_, place) => [`l${place}`, "x".repeat(200)]));

  const { refused } = await tell(world, [aReport({ labels }), aReport({ device: "d2", labels: { site: "x" } })]);

  assert.deepEqual(refused, [{ reason: "too-large", hours: 1 }]);
  assert.equal(await total(world), 3);
});

test("a child tells of no more devices than it was granted, and of those of nobody else", async () => {
  await using world = await aParent(2);
  await tell(world, [aReport({ origin: "evil", labels: { site: "x" } })], "token:t2");
  const { refused } = await tell(
    world,
    ["d1", "d2", "d3", "d4"].map((device) => aReport({ device })),
    "token:t2",
    "1",
  );

  assert.deepEqual(refused, [{ reason: "undeclared-origin", hours: 4 }]);
  const devices = ["d1", "d2", "d3", "d4"].map((device) => aReport({ device }));
  assert.deepEqual((await tell(world, devices)).refused, [{ reason: "too-many-devices", hours: 2 }]);
  const { items } = await world.call(contract.listChildren, {});
  assert.deepEqual(
    new Map(items.map(({ name, devices: known, undeclared }) => [name, [known, undeclared]])),
    new Map([
      ["Edge", [2, []]],
      ["Evil", [1, ["edge"]]],
    ]),
  );
});

test("a token that no child shows reports nothing, and two children have neither a name nor a token nor an origin in common", async () => {
  await using world = await aParent();

  await assert.rejects(tell(world, [aReport()], "token:t3"), {
    type: "forbidden",
    message: /token:t3 speaks for no child/,
  });
  await assert.rejects(declare(world, { name: "Edge", reporter: "t3", origins: ["x"] }), { type: "conflict" });
  await assert.rejects(declare(world, { name: "Two", reporter: "t1", origins: ["x"] }), { type: "conflict" });
  await assert.rejects(declare(world, { name: "Two", reporter: "t3", origins: ["edge"] }), {
    type: "conflict",
    message: /comes by the child "Edge"/,
  });
  await assert.rejects(declare(world, { name: "Two", reporter: "t3", origins: ["parent"] }), { type: "invalid-input" });
});

test("the audit holds that a child was declared and who reported without being one, and not each report", async () => {
  await using world = await aParent();

  await tell(world, [aReport()]);
  await tell(world, [aReport({ origin: "evil" })], "token:t1", "1");
  await assert.rejects(tell(world, [aReport()], "token:t3"), { type: "forbidden" });

  const { items } = await world.store.list(auditTable);
  assert.deepEqual(
    items.map(({ action, actor, decision }) => [action, actor, decision]).filter(([, actor]) => actor !== "system"),
    [
      ["cpl/ta/child/create", items[0]?.actor, "allowed"],
      ["cpl/ta/child/create", items[0]?.actor, "allowed"],
      ["cpl/ta/child/report", "token:t3", "denied"],
    ],
  );
});

test("who may see some devices only sees none of those that a child tells of, whatever labels it gives them", async () => {
  await using world = await aParent();
  await world.store.commit(aDevice("own", { labels: { site: "x" } }));
  await reported(world, "own", THIS_HOUR, [0], [5]);
  await tell(world, [aReport({ labels: { site: "x", child: "Evil" } })]);
  const asked = { ...SUMS, by: ["child"] };
  const limited = [{ permission: "telemetry:read", selectors: ["site=x"] }];

  const everywhere = await world.call(contract.queryTelemetry, asked);
  assert.deepEqual(
    everywhere.series.map(({ by, overall }) => [by["child"], overall]),
    [
      ["", 5],
      ["Edge", 3],
    ],
  );
  const { series, children } = await world.call(contract.queryTelemetry, asked, { permissions: [], limited });
  assert.deepEqual([series.map(({ overall }) => overall), children], [[5], []]);
});

test("a child that is destroyed takes its devices along, and what it says is refused from then on", async () => {
  await using world = await aParent();
  await tell(world, [aReport()]);
  assert.equal(await total(world), 3);

  await world.call(contract.destroyChild, { child: "Edge" });

  assert.equal(await total(world), undefined);
  await assert.rejects(tell(world, [aReport()]), { type: "forbidden" });
});

test("no bytes of a child do more than to be refused, and the windows of others stay what they are", async () => {
  await using world = await aParent(1_000);
  await tell(world, [aReport()]);
  const good = Buffer.from(aReport().windows, "base64");
  let position = "1";
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat({ max: good.length - 1 }), fc.integer({ min: 0, max: 255 })), { maxLength: 4 }),
      fc.nat({ max: good.length }),
      async (edits, length) => {
        const bytes = Buffer.from(good);
        for (const [place, byte] of edits) bytes[place] = byte;
        const windows = bytes.subarray(0, length === 0 ? bytes.length : length).toString("base64");
        const input = {
          after: "",
          position: "x",
          reports: [aReport({ origin: "evil", device: "e1", windows })],
          waiting: 0,
          lost: 0,
        };
        const after =
          (await world.call(contract.listChildren, {})).items.find(({ name }) => name === "Evil")?.position ?? "";
        const { isTaken } = await world.call(contract.reportWindows, { ...input, after }, { actor: "token:t2" });
        assert.equal(isTaken, true);
        position = after;
      },
    ),
    { numRuns: 200 },
  );
  assert.notEqual(position, "1");
  const asked = { ...SUMS, selector: "child=Edge" };
  assert.equal((await world.call(contract.queryTelemetry, asked)).series[0]?.overall, 3);
});

test("who took long to be heard is heard again three times as long after it, and others at once", async () => {
  const { database, delayNext } = slow((ms) => world.clock.sleep(ms));
  await using world = await aParent(2, { database });
  delayNext(2 * SECOND);
  const long = tell(world, [aReport()]);
  await world.advance(2 * SECOND);
  await long;

  let isHeard = false;
  const next = tell(world, [aReport({ device: "d2" })], "token:t1", "1").then(() => (isHeard = true));
  assert.ok((await tell(world, [aReport({ origin: "evil" })], "token:t2")).isTaken);
  await world.advance(6 * SECOND - 1);
  assert.ok(!isHeard);
  await world.advance(1);
  await next;
});
