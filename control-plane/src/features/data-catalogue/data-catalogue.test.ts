import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import type { v1 } from "@edgemere/protocol";
import { DAY, HOUR, SECOND } from "@edgemere/protocol/kit";
import type { OutputOf } from "../../platform/action.ts";
import { moved, updated } from "../../platform/change.ts";
import { startTestCore, type CoreContext, type TestCore } from "../../platform/core.test-support.ts";
import { aDevice } from "../device.test-support.ts";
import { device } from "../devices/contract.ts";
import type { Data, dataLookups, queryData, sourceLookups } from "./contract.ts";
import { dataCatalogue } from "./index.ts";

type World = TestCore<CoreContext>;

async function startWorld(): Promise<World> {
  const world = await startTestCore<CoreContext>({ features: [dataCatalogue], context: {} });
  await world.store.commit(aDevice("d1", { name: "gw-1" }));
  return world;
}

const anItem = (name: string, content = name): v1.DataItem.$Properties => ({
  name,
  bytes: content.length,
  hash: createHash("sha256").update(content).digest(),
  modifiedAtMs: 1_000,
});

/** A whole report of the directory "logs", unless told otherwise. */
const aReport = (items: readonly v1.DataItem.$Properties[], over: v1.DataSourceReport.$Properties = {}) => ({
  dataSource: {
    name: "logs",
    path: "/var/log",
    totalBytes: 1_000,
    freeBytes: 400,
    tags: { site: "berlin" },
    parts: 1,
    report: "r1",
    items: [...items],
    ...over,
  },
});

const sources = async (world: World) =>
  ((await world.ask("diml/dml/fmdm/datasource/list")) as OutputOf<typeof sourceLookups.list>).items;
const allData = async (world: World) =>
  ((await world.ask("diml/dml/fmdm/data/list")) as OutputOf<typeof dataLookups.list>).items;
const statesOf = (rows: readonly Data[]): Record<string, string> =>
  Object.fromEntries(rows.map(({ name, state }) => [name, state]));
const found = async (world: World, expression: string) => {
  const page = (await world.ask("diml/dml/fmdm/query", { expression })) as OutputOf<typeof queryData>;
  return page.items.map(({ name }) => name).toSorted();
};
const setPresence = async (world: World, presence: "online" | "offline") => {
  const row = await world.store.get(device, "d1");
  assert.ok(row);
  await world.store.commit(updated(device, row, { presence }, presence));
};

test("what a device reports of a directory becomes a source and its data", async () => {
  await using world = await startWorld();

  await world.report("d1", "event", aReport([anItem("app.log"), anItem("net/trace.pcap")]));

  const [source] = await sources(world);
  assert.deepEqual(
    [source?.name, source?.state, source?.path, source?.totalBytes, source?.freeBytes, source?.reservedBytes],
    ["logs", "ready", "/var/log", 1_000, 400, 0],
  );
  const [trace] = (await allData(world)).filter(({ name }) => name === "net/trace.pcap");
  assert.equal(trace?.source, source?.id);
  assert.equal(trace?.hash, createHash("sha256").update("net/trace.pcap").digest("hex"));
  assert.deepEqual(trace?.tags, {
    device: "gw-1",
    extension: "pcap",
    kind: "capture",
    site: "berlin",
    source: "logs",
  });
  assert.deepEqual(await world.eventTypes(2), [
    "datasource.create",
    "datasource.ready",
    "data.create",
    "data.available",
    "data.create",
    "data.available",
  ]);
});

test("what fills a source, why it does not now, and what is said of each piece stand in the catalogue", async () => {
  await using world = await startWorld();
  const item = { ...anItem("1.log"), tags: { lines: "12", site: "a piece's own", "a\nb": "left out" } };
  const told = { kind: "stream", condition: "the program ended", nextTryAtMs: 5_000 };
  await world.report("d1", "event", aReport([item], told));

  const [source] = await sources(world);
  assert.deepEqual(
    [source?.kind, source?.state, source?.condition, source?.nextTryAt],
    ["stream", "ready", "the program ended", 5_000],
  );
  assert.deepEqual(await found(world, 'lines:12 and site:"a piece\'s own"'), ["1.log"]);
  assert.equal(Object.keys((await allData(world))[0]?.tags ?? {}).length, 6);
  await setPresence(world, "offline");
  await world.settle();
  await world.advance(SECOND);
  assert.deepEqual(statesOf(await allData(world)), { "1.log": "unavailable" });
  await setPresence(world, "online");

  await world.report("d1", "event", aReport([item], { kind: "stream", report: "r2" }));
  const [later] = await sources(world);
  assert.deepEqual([later?.condition, later?.nextTryAt], ["", undefined]);
  await world.report("d1", "event", aReport([item], { kind: "a kind of tomorrow", report: "r3" }));
  assert.equal((await sources(world))[0]?.kind, "directory");
});

test("a tag of a device whose key could not be one of an operator's is left out, and the rest is taken", async () => {
  await using world = await startWorld();
  const tags = { site: "berlin", "a\r\nb": "1", "\u001b]52;c;aGk=\u0007": "2", "\u007f": "3" };

  await world.report("d1", "event", aReport([anItem("app.log")], { tags }));

  const [source] = await sources(world);
  const [log] = await allData(world);
  assert.deepEqual(source?.tags, { site: "berlin" });
  assert.deepEqual(Object.keys(log?.tags ?? {}).toSorted(), ["device", "extension", "kind", "site", "source"]);
});

test("data that is as it was makes no news, and data that changed does", async () => {
  await using world = await startWorld();
  await world.report("d1", "event", aReport([anItem("a.log"), anItem("b.log")]));
  const before = world.store.lastNumber;

  await world.report("d1", "event", aReport([anItem("a.log"), anItem("b.log", "other")], { report: "r2" }));

  assert.deepEqual(await world.eventTypes(before), ["datasource.updated", "data.updated"]);
});

test("what a whole report does not name any more is removed, and comes back when it is named again", async () => {
  await using world = await startWorld();
  await world.report("d1", "event", aReport([anItem("a.log"), anItem("b.log")]));
  await world.report("d1", "event", aReport([anItem("a.log")], { report: "r2" }));
  await world.advance(SECOND);
  assert.deepEqual(statesOf(await allData(world)), { "a.log": "available", "b.log": "removed" });

  await world.report("d1", "event", aReport([anItem("a.log"), anItem("b.log")], { report: "r3" }));
  await world.advance(SECOND);

  assert.deepEqual(statesOf(await allData(world)), { "a.log": "available", "b.log": "available" });
  assert.equal((await allData(world)).length, 2);
});

test("a report in parts removes nothing before its last part came", async () => {
  await using world = await startWorld();
  await world.report("d1", "event", aReport([anItem("a"), anItem("b"), anItem("c")]));

  await world.report("d1", "event", aReport([anItem("a")], { report: "r2", part: 0, parts: 2 }));
  await world.advance(SECOND);
  assert.deepEqual(statesOf(await allData(world)), { a: "available", b: "available", c: "available" });

  await world.report("d1", "event", aReport([anItem("b")], { report: "r2", part: 1, parts: 2 }));
  await world.advance(SECOND);
  assert.deepEqual(statesOf(await allData(world)), { a: "available", b: "available", c: "removed" });
});

test("a report that lost a part removes nothing", async () => {
  await using world = await startWorld();
  await world.report("d1", "event", aReport([anItem("a"), anItem("b"), anItem("c")]));

  await world.report("d1", "event", aReport([anItem("a")], { report: "r2", part: 0, parts: 3 }));
  await world.report("d1", "event", aReport([anItem("c")], { report: "r2", part: 2, parts: 3 }));
  await world.advance(SECOND);

  assert.deepEqual(statesOf(await allData(world)), { a: "available", b: "available", c: "available" });
});

test("of several reports in one message the newest tells what is gone", async () => {
  await using world = await startWorld();

  await world.report(
    "d1",
    "event",
    aReport([anItem("a"), anItem("b")]),
    aReport([anItem("b")], { report: "r2" }),
    aReport([anItem("x")], { name: "other" }),
  );
  await world.advance(SECOND);

  assert.deepEqual(statesOf(await allData(world)), { b: "available", x: "available" });
});

test("a large directory is taken and removed whole", async () => {
  await using world = await startWorld();
  const items = (part: number) => Array.from({ length: 300 }, (_, i) => anItem(`${part}-${i}`));
  await world.report("d1", "event", aReport(items(0), { part: 0, parts: 2 }));
  await world.report("d1", "event", aReport(items(1), { part: 1, parts: 2 }));
  await world.advance(SECOND);
  assert.equal((await found(world, "state=available")).length, 50);

  await world.report("d1", "event", aReport([], { report: "r2" }));
  await world.advance(SECOND);

  assert.deepEqual(await found(world, "source=logs"), []);
});

test("a directory that cannot be read suspends its source, and its data cannot be reached until it can", async () => {
  await using world = await startWorld();
  await world.report("d1", "event", aReport([anItem("a")]));

  await world.report("d1", "event", aReport([], { report: "r2", failure: "EACCES" }));
  await world.advance(SECOND);
  assert.deepEqual([(await sources(world))[0]?.state, (await sources(world))[0]?.failure], ["suspended", "EACCES"]);
  assert.deepEqual(statesOf(await allData(world)), { a: "unavailable" });

  await world.report("d1", "event", aReport([anItem("a")], { report: "r3" }));
  assert.deepEqual([(await sources(world))[0]?.state, (await sources(world))[0]?.failure], ["ready", ""]);
  assert.deepEqual(statesOf(await allData(world)), { a: "available" });
});

test("data goes with its device and comes back with it", async () => {
  await using world = await startWorld();
  await world.report("d1", "event", aReport([anItem("a")]));

  await setPresence(world, "offline");
  await world.settle();
  await world.advance(SECOND);
  assert.deepEqual(statesOf(await allData(world)), { a: "unavailable" });

  await setPresence(world, "online");
  await world.hello("d1");
  await world.advance(SECOND);
  assert.deepEqual(statesOf(await allData(world)), { a: "available" });
});

test("a retired device's sources are shut down and its data cannot be reached", async () => {
  await using world = await startWorld();
  await world.report("d1", "event", aReport([anItem("a")]));
  const row = await world.store.get(device, "d1");
  assert.ok(row);

  await world.store.commit(moved(device, row, "retire", { presence: "offline" }));
  await world.settle();
  await world.advance(SECOND);

  assert.equal((await sources(world))[0]?.state, "shutdown");
  assert.deepEqual(statesOf(await allData(world)), { a: "unavailable" });
});

test("data is found by its fields, its tags and its place", async () => {
  await using world = await startWorld();
  await world.report("d1", "event", aReport([anItem("app.log", "12345"), anItem("trace.pcap"), anItem("app.json")]));

  assert.deepEqual(await found(world, "kind in (log, capture)"), ["app.log", "trace.pcap"]);
  assert.deepEqual(await found(world, "size < 6"), ["app.log"]);
  assert.deepEqual(await found(world, "device:gw-1 and site=berlin, not extension=pcap"), ["app.json", "app.log"]);
  assert.deepEqual(await found(world, 'name.startsWith("app.") && kind == "json"'), ["app.json"]);
  assert.deepEqual(await found(world, "site:paris"), []);
  await assert.rejects(found(world, 'colour == "red"'), /there is no field "colour"; the fields are: id, name, size/);
});

test("a tag that an operator set outlives reports, and can be taken away again", async () => {
  await using world = await startWorld();
  await world.report("d1", "event", aReport([anItem("app.log")]));
  const tag = (input: object) => world.ask("diml/dml/fmdm/data/tag", { id: "app.log", ...input });
  await tag({ set: { owner: "darren", site: "paris" } });
  await world.report("d1", "event", aReport([anItem("app.log", "changed")], { report: "r2" }));
  assert.deepEqual(await found(world, "owner:darren and site:paris"), ["app.log"]);

  await tag({ remove: ["owner", "site"] });

  assert.deepEqual(await found(world, "owner"), []);
  assert.deepEqual(await found(world, "site:berlin"), ["app.log"]);
  await assert.rejects(tag({ remove: ["kind"] }), /the tag "kind" comes from the catalogue or the source/);
});

test("data that was removed is forgotten after a month", async () => {
  await using world = await startWorld();
  await world.report("d1", "event", aReport([anItem("a"), anItem("b")]));
  await world.report("d1", "event", aReport([anItem("a")], { report: "r2" }));
  await world.advance(SECOND);

  world.clock.step(30 * DAY + HOUR);
  world.kick();
  await world.advance(SECOND);

  assert.deepEqual(statesOf(await allData(world)), { a: "available" });
});
