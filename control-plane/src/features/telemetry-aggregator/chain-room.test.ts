import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { DAY, HOUR, MINUTE } from "@edgemere/protocol/kit";
import { ManualClock } from "@edgemere/protocol/simulated";
import { put, removed } from "../../platform/change.ts";
import { levelDatabase } from "../../platform/level-database.ts";
import { partsOf, rangeOf } from "../../platform/keys.ts";
import { memoryDatabase } from "../../platform/database.ts";
import type { RowHead } from "../../platform/resource.ts";
import { aFolder } from "../../platform/database.test-support.ts";
import { aDevice } from "../device.test-support.ts";
import type { World } from "./aggregator.test-support.ts";
import { declare, reported, startPlane } from "./chain.test-support.ts";
import { fullSince, hasRoom, type Held } from "./chain-room.ts";
import { chainedDays, chainedDevices, chainedHours, childStandings } from "./chain-tables.ts";
import * as contract from "./contract.ts";
import { aParent, aReport, bytesOf, minutes, NOW, tell, THIS_HOUR, type Report } from "./hostile-child.test-support.ts";

const ROOM = 256 * 1024;

for (const [more, used, expected] of [
  [1, 0, true],
  [10, 90, true],
  [11, 90, false],
  [1, 100, false],
  [0, 150, true],
  [-1, 150, true],
] as const)
  test(`${more} bytes more have ${expected ? "room" : "no room"} where ${used} of 100 are used`, () => {
    assert.equal(hasRoom(more, { used, atMost: 100 }), expected);
  });

for (const [what, before, over, expected] of [
  ["who is refused for the first time is full since then", undefined, { isRefused: true, used: 99 }, NOW],
  ["who is refused again is full since before", 5, { isRefused: true, used: 99 }, 5],
  ["who is not refused and was not full is not", undefined, { isRefused: false, used: 100 }, undefined],
  ["at the brink it stays full", 5, { isRefused: false, used: 91 }, 5],
  ["with a tenth of its room free it is not full any more", 5, { isRefused: false, used: 90 }, undefined],
  ["it stays full for an hour at least", NOW - HOUR + 1, { isRefused: false, used: 10 }, NOW - HOUR + 1],
] as const)
  test(`of the room of a child: ${what}`, () => {
    assert.equal(fullSince(before, { ...over, atMost: 100, now: NOW }), expected);
  });

/** An hour of many series, of some ten thousand bytes. */
const aBigReport = (over: Partial<Report> & { readonly series?: number } = {}): Report => {
  const { series = 100, ...report } = over;
  const hour = report.hour ?? THIS_HOUR;
  const instances = Array.from({ length: series }, (_, place) =>
    minutes(
      Array.from({ length: 200 }, (__, row) => Math.sin(row * place) * 1e6),
      { hour, minute: place % 60, instance: `${place}` },
    ),
  );
  return aReport({ ...report, windows: bytesOf({ load: instances }) });
};
const versionOf = (number: number) => `000002.${String(NOW).padStart(16, "0")}.${String(number).padStart(8, "0")}`;

const childOf = async (world: World, name: string) => world.call(contract.findChild, { child: name });
/** Says it where the parent stands. */
async function says(world: World, name: "Edge" | "Evil", reports: readonly Report[]) {
  const { position } = await childOf(world, name);
  const origin = name.toLowerCase();
  const said = reports.map((each) => ({ ...each, origin }));
  return (await tell(world, said, name === "Edge" ? "token:t1" : "token:t2", position)).refused;
}
/** Bytes that lie in the store of devices that children told of, each counted anew. */
async function storedOf(world: World): Promise<number> {
  let sum = 512 * (await world.store.count(chainedDays));
  for (const table of ["telemetrywindows", "telemetrysketches"])
    for await (const [key, bytes] of world.store.bytesBetween(rangeOf(table)))
      if (String(partsOf(key).at(-1)).includes("/")) sum += key.length + bytes.length;
  // Without the instants that the store adds.
  const room = ({
    bytes: _,
    createdAt: __,
    updatedAt: ___,
    ...row
  }: Partial<Held & Pick<RowHead, "createdAt" | "updatedAt">>) => Buffer.byteLength(JSON.stringify(row));
  for await (const row of world.store.scan(chainedDevices)) sum += room(row);
  for await (const row of world.store.scan(chainedHours)) sum += room(row);
  return sum;
}

test("a child that tells without end fills its own room and no more, is told of once, and neither other children nor devices of this control plane lose anything", async (t) => {
  const folder = join(aFolder(t), "store");
  const start = async () => aParent(1_000, { database: await levelDatabase(folder), childRoom: ROOM });
  {
    await using world = await start();
    await world.store.commit(aDevice("own"));
    const hours = Array.from({ length: 8 }, (_, place) => THIS_HOUR - place * HOUR);
    for (const device of ["d1", "d2"])
      for (const hour of hours) await says(world, "Evil", [aBigReport({ device, hour })]);
    await reported(world, "own", THIS_HOUR, [0, MINUTE], [5, 6]);

    assert.deepEqual(await says(world, "Edge", [aReport()]), []);

    const { bytes, refused, taken, fullSince: since } = await childOf(world, "Evil");
    assert.deepEqual([refused.map(({ reason }) => reason), since], [["no-room"], NOW]);
    assert.equal(taken + (refused[0]?.hours ?? 0), 2 * hours.length);
    assert.ok(bytes <= ROOM && bytes > 0.8 * ROOM, `${bytes}`);
    assert.equal((await world.eventTypes()).filter((type) => type === "child.full").length, 1);
    const { series } = await world.call(contract.queryTelemetry, {
      metric: ["load"],
      function: "sum",
      by: ["device"],
      step: "1m",
      from: THIS_HOUR,
      to: NOW,
    });
    const sums = new Map(series.map(({ by, overall }) => [by["device"], overall]));
    assert.deepEqual([sums.get("own"), sums.get("Edge/gw-1")], [11, 3]);
  }
  const database = await levelDatabase(folder);
  let stored = 0;
  for await (const [key, bytes] of database.entries({})) if (key.includes("evil/")) stored += key.length + bytes.length;
  await database.close();
  assert.ok(stored > 0.5 * ROOM && stored < 1.2 * ROOM, `${stored} bytes of it in the store`);
});

test("what is counted of a child is what lies here of it, whatever it told anew, with other metrics, less, or nothing at all", async () => {
  await using world = await aParent();
  const told: readonly Report[] = [
    aBigReport({ hour: THIS_HOUR - HOUR }),
    aBigReport({ series: 10 }),
    aReport({ version: versionOf(1), windows: bytesOf({ load: [minutes([1])], "memory.used": [minutes([2, 3])] }) }),
    aReport({
      version: versionOf(2),
      windows: bytesOf({ "memory.used": [minutes([2, 3])] }),
      labels: { site: "\u00f8" },
    }),
    aReport({ version: versionOf(3), windows: "", gaps: [{ from: THIS_HOUR, to: NOW - 1, records: 1, reason: "x" }] }),
    aBigReport({ device: "d2", version: versionOf(1) }),
    aReport({ device: "d2", version: versionOf(2) }),
  ];
  for (const each of told) {
    assert.deepEqual(await says(world, "Edge", [each]), []);
    assert.equal((await childOf(world, "Edge")).bytes, await storedOf(world));
  }
  await says(world, "Edge", [aBigReport({ version: versionOf(7) }), aReport({ version: versionOf(8) })]);
  assert.equal((await childOf(world, "Edge")).bytes, await storedOf(world));
});

test("a child whose room is used up may tell of less, and is taken again as what it told becomes old", async () => {
  // What is stored outlives the control plane.
  const database = { ...memoryDatabase(), close: () => Promise.resolve() };
  await using world = await aParent(10, { childRoom: ROOM, database });
  const hours = Array.from({ length: 12 }, (_, place) => THIS_HOUR - place * HOUR);
  for (const hour of hours) await says(world, "Evil", [aBigReport({ hour })]);
  const full = await childOf(world, "Evil");
  assert.equal(full.fullSince, NOW);

  assert.deepEqual(await says(world, "Evil", [aReport({ version: versionOf(1) })]), []);
  assert.ok((await childOf(world, "Evil")).bytes < full.bytes);
  assert.equal((await childOf(world, "Evil")).fullSince, NOW);

  const clock = new ManualClock(NOW + 9 * DAY);
  await using later = await startPlane({ clock, origin: "parent", childRoom: ROOM, database });
  await later.advance(HOUR);
  assert.ok((await childOf(later, "Evil")).bytes < 0.4 * ROOM);
  assert.deepEqual(await says(later, "Evil", [aBigReport({ hour: clock.now() - HOUR, version: versionOf(2) })]), []);
  const free = await childOf(later, "Evil");
  assert.deepEqual([free.fullSince, free.bytes], [undefined, await storedOf(later)]);
});

test("hours that another child tells of from now on are counted at that one, and the room of a child can be changed", async () => {
  await using world = await aParent(10, { childRoom: ROOM });
  await says(world, "Edge", [aBigReport()]);
  const { bytes } = await childOf(world, "Edge");
  await world.call(contract.updateChild, { child: "Edge", origins: ["other"], bytesAtMost: 5 * ROOM });
  await world.call(contract.updateChild, { child: "Evil", origins: ["edge"] });

  await tell(world, [aBigReport({ version: versionOf(1) })], "token:t2");

  const children = (await world.call(contract.listChildren, {})).items;
  assert.deepEqual(
    new Map(children.map((each) => [each.name, [each.bytes, each.bytesAtMost]])),
    new Map([
      ["Edge", [0, 5 * ROOM]],
      ["Evil", [bytes, ROOM]],
    ]),
  );
  await assert.rejects(declare(world, { name: "Two", reporter: "t3", origins: ["x"], bytesAtMost: 5 }), {
    type: "invalid-input",
  });
});

test("what was stored before anything was counted is counted when it is told anew, and makes no room when it goes", async () => {
  await using world = await aParent(10, { childRoom: ROOM });
  await says(world, "Edge", [aBigReport(), aBigReport({ hour: THIS_HOUR - HOUR })]);
  const { store } = world;
  for await (const { bytes: _, ...row } of store.scan(chainedHours)) await store.commit(put(chainedHours, row));
  for await (const { bytes: _, ...row } of store.scan(chainedDevices)) await store.commit(put(chainedDevices, row));
  for await (const { id } of store.scan(chainedDays)) await store.commit(removed(chainedDays, id));
  for await (const { bytes: _, ...row } of store.scan(childStandings))
    await store.commit(put(childStandings, { ...row, version: row.version + 1 }));
  assert.equal((await childOf(world, "Edge")).bytes, 0);

  await says(world, "Edge", [aReport({ version: versionOf(1) })]);

  const told = (await childOf(world, "Edge")).bytes;
  assert.ok(told > 512 && told < 4_096, `${told}`);
  await says(world, "Edge", [aBigReport({ version: versionOf(2), hour: THIS_HOUR - HOUR })]);
  assert.ok((await childOf(world, "Edge")).bytes > told + 20_000);
});
