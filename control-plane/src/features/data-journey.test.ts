import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { DAY, HOUR, MINUTE, SECOND } from "@edgemere/protocol/kit";
import { ManualClock } from "@edgemere/protocol/simulated";
import type { OutputOf } from "../platform/action.ts";
import { updated } from "../platform/change.ts";
import { startTestCore, type CoreContext, type TestCore } from "../platform/core.test-support.ts";
import { memoryDatabase, type Database } from "../platform/database.ts";
import { dataCatalogue } from "./data-catalogue/index.ts";
import type { sourceLookups } from "./data-catalogue/contract.ts";
import {
  dataInstance,
  dataReference,
  dataRequest,
  dataReservation,
  type createInstance,
  type DataRequest,
  type explainRequest,
  type listInstances,
} from "./data-orchestrator/contract.ts";
import { dataOrchestrator } from "./data-orchestrator/index.ts";
import { aDevice } from "./device.test-support.ts";
import { device } from "./devices/contract.ts";

type World = TestCore<CoreContext>;

/** Two devices, each with a directory "logs". */
async function startWorld(over: { database?: Database; clock?: ManualClock; rules?: boolean } = {}): Promise<World> {
  const { rules = true, ...rest } = over;
  const features = [dataCatalogue, rules ? dataOrchestrator : { ...dataOrchestrator, rules: [] }];
  return startTestCore<CoreContext>({ features, context: {}, ...rest });
}

async function aWorld(over: { rules?: boolean } = {}): Promise<World> {
  const world = await startWorld(over);
  await world.store.commit(aDevice("d1", { labels: { site: "berlin" } }), aDevice("d2", { labels: { site: "paris" } }));
  await hold(world, "d1", { "app.log": "hello", "trace.pcap": "bytes" });
  await hold(world, "d2", { "app.log": "hello", "other.log": "other" });
  await world.advance(SECOND);
  return world;
}

let reports = 0;
/** What a device's directory holds now: content by name. */
async function hold(world: World, holder: string, files: Record<string, string>): Promise<void> {
  const items = Object.entries(files).map(([name, content]) => ({
    name,
    bytes: content.length,
    hash: createHash("sha256").update(content).digest(),
    modifiedAtMs: 1_000,
  }));
  const report = `r${++reports}`;
  await world.report(holder, "event", {
    dataSource: {
      name: "logs",
      path: "/var/log/",
      totalBytes: 1_000,
      freeBytes: 400,
      takesData: true,
      parts: 1,
      report,
      items,
    },
  });
}

const find = async (world: World, input: object): Promise<DataRequest> => {
  const request = (await world.ask("diml/find", input)) as DataRequest;
  await world.settle();
  return request;
};
const explain = async (world: World, request: string) =>
  (await world.ask("diml/dml/do/datarequest/explain", { request })) as OutputOf<typeof explainRequest>;
const instances = async (world: World, selector = "") =>
  ((await world.ask("diml/dml/do/datainstance/list", { selector })) as OutputOf<typeof listInstances>).items;
const reservedBytes = async (world: World) => {
  const { items } = (await world.ask("diml/dml/fmdm/datasource/list")) as OutputOf<typeof sourceLookups.list>;
  return items.reduce((sum, each) => sum + each.reservedBytes, 0);
};
const setPresence = async (world: World, id: string, presence: "online" | "offline") => {
  const row = await world.store.get(device, id);
  assert.ok(row);
  await world.store.commit(updated(device, row, { presence }, presence));
  if (presence === "online") await world.hello(id);
  await world.settle();
};

test("a data request is satisfied, event by event", async () => {
  await using world = await aWorld();
  const before = world.store.lastNumber;

  const { id } = await find(world, { query: "kind:capture" });

  assert.deepEqual(await world.eventTypes(before), [
    "datarequest.create",
    "datarequest.needed",
    "datareservation.create",
    "datareservation.created",
    "datarequest.updated",
    "datarequest.selected",
    "datareservation.updated",
    "datareservation.confirmed",
    "datainstance.create",
    "datainstance.placing",
    "datainstance.updated",
    "datainstance.ready",
    "datarequest.updated",
    "datarequest.evaluated",
    "datarequest.updated",
    "datarequest.satisfied",
  ]);
  const { request, reservations, instances } = await explain(world, id);
  assert.deepEqual(
    [request.state, request.satisfiedAt, request.endsAt],
    ["satisfied", world.clock.now(), world.clock.now() + HOUR],
  );
  assert.deepEqual(
    reservations.map(({ state, decision, cost }) => [state, decision, cost.bytes]),
    [["confirmed", "leave", 0]],
  );
  assert.deepEqual(
    instances.map(({ state, name, device, path }) => [state, name, device, path]),
    [["ready", "trace.pcap", "d1", "/var/log/trace.pcap"]],
  );
  assert.equal(await reservedBytes(world), 0);
});

test("of the same content as many places are chosen as copies are wanted, and the rest is freed", async () => {
  await using world = await aWorld();

  const one = await explain(world, (await find(world, { query: "kind:log" })).id);
  const two = await explain(world, (await find(world, { query: "kind:log", copies: 2 })).id);

  assert.deepEqual(one.instances.map(({ name }) => name).toSorted(), ["app.log", "other.log"]);
  assert.deepEqual(one.reservations.map(({ state }) => state).toSorted(), ["confirmed", "confirmed", "rejected"]);
  assert.deepEqual(two.instances.map(({ name }) => name).toSorted(), ["app.log", "app.log", "other.log"]);
  assert.equal(await reservedBytes(world), 0);
});

test("a request that nothing matches fails and says so", async () => {
  await using world = await aWorld();

  const { id } = await find(world, { query: "owner:darren" });

  const { request } = await explain(world, id);
  assert.deepEqual([request.state, request.reason], ["failed", "no data that can be reached matches owner:darren"]);
});

test("data that cannot be reached matches nothing", async () => {
  await using world = await aWorld();
  await setPresence(world, "d1", "offline");
  await world.advance(SECOND);

  const { id } = await find(world, { query: "kind:capture" });

  assert.equal((await explain(world, id)).request.state, "failed");
});

test("a query with a mistake is refused before anything is made of it", async () => {
  await using world = await aWorld();

  await assert.rejects(world.ask("diml/find", { query: "kind:" }), /expected a value for "kind"/);
  await assert.rejects(
    world.ask("diml/dml/do/datainstance/create", { dataref: { name: "x", query: 'colour == "red"' } }),
    /there is no field "colour"/,
  );
  assert.deepEqual(await instances(world), []);
});

test("a data reference makes one request, however often it is asked for, and waits for it", async () => {
  await using world = await aWorld();
  const ask = async (dataref: unknown) =>
    (await world.ask("diml/dml/do/datainstance/create", { dataref })) as OutputOf<typeof createInstance>;

  const first = await ask('{"name":"logs","query":"kind:log"}');
  await world.settle();
  const again = await Promise.all([
    ask("logs"),
    ask({ id: first.reference }),
    ask({ name: "logs", query: "kind:log" }),
  ]);

  assert.deepEqual(again, [first, first, first]);
  assert.equal((await world.store.get(dataReference, first.reference))?.state, "provisioned");
  assert.equal((await world.store.get(dataRequest, first.request))?.state, "satisfied");
  assert.equal((await world.store.list(dataRequest)).items.length, 1);
  assert.deepEqual(
    (await instances(world)).map(({ reference, request }) => [reference, request]),
    [
      [first.reference, first.request],
      [first.reference, first.request],
    ],
  );
  await assert.rejects(ask({ name: "logs", query: "kind:csv" }), /already a data reference "logs" with another query/);
  await assert.rejects(ask({ name: "new" }), /a new data reference needs a query/);
});

test("a data reference fails with its request", async () => {
  await using world = await aWorld();

  const { reference } = (await world.ask("diml/dml/do/datainstance/create", {
    dataref: { name: "captures", query: "kind:image" },
  })) as OutputOf<typeof createInstance>;
  await world.settle();

  assert.equal((await world.store.get(dataReference, reference))?.state, "failedprovision");
  await assert.rejects(
    world.ask("diml/dml/do/datainstance/create", { dataref: "captures" }),
    /the data reference "captures" failed: no data that can be reached matches kind:image/,
  );
});

test("an instance is stale when its data changed, lost when it cannot be reached, and ready when it is back", async () => {
  await using world = await aWorld();
  await find(world, { query: "kind:capture" });
  const state = async () => (await instances(world))[0]?.state;

  await hold(world, "d1", { "app.log": "hello", "trace.pcap": "other bytes" });
  await world.advance(2 * SECOND);
  assert.equal(await state(), "stale");

  await hold(world, "d1", { "app.log": "hello", "trace.pcap": "bytes" });
  await world.advance(2 * SECOND);
  assert.equal(await state(), "ready");

  await setPresence(world, "d1", "offline");
  await world.advance(3 * SECOND);
  assert.equal(await state(), "lost");

  await setPresence(world, "d1", "online");
  await world.advance(3 * SECOND);
  assert.equal(await state(), "ready");

  await hold(world, "d1", { "app.log": "hello" });
  await world.advance(3 * SECOND);
  assert.equal(await state(), "lost");
});

test("a request is completed when its time is over, after its instances, and forgotten a month later", async () => {
  await using world = await aWorld();
  const { id } = await find(world, { query: "kind:log", lifetime: 60 });
  await world.advance(59 * SECOND);
  assert.equal((await explain(world, id)).request.state, "satisfied");
  const before = world.store.lastNumber;

  await world.advance(2 * SECOND);

  assert.deepEqual(
    (await world.eventTypes(before)).filter((type) => !type.endsWith(".updated")),
    [
      "datainstance.removed",
      "datainstance.destroy",
      "datainstance.removed",
      "datainstance.destroy",
      "datarequest.completed",
    ],
  );
  assert.deepEqual(await instances(world), []);

  world.clock.step(30 * DAY + HOUR);
  world.kick();
  await world.advance(SECOND);
  assert.deepEqual((await world.store.list(dataRequest)).items, []);
  assert.deepEqual((await world.store.list(dataReservation)).items, []);
});

test("what is held for a request that nobody decides expires, frees its capacity and fails the request", async () => {
  await using world = await aWorld({ rules: false });
  const { id } = await find(world, { query: "kind:log", where: "site=berlin" });
  await world.ask("diml/dml/do/reserve", { request: id });
  assert.equal(await reservedBytes(world), 5, "of two contents one lies there");

  await world.advance(5 * MINUTE + 10 * SECOND);
  assert.equal(await reservedBytes(world), 0);
  assert.ok((await explain(world, id)).reservations.every(({ state }) => state === "expired"));

  await world.advance(5 * MINUTE);
  assert.deepEqual((await explain(world, id)).request.reason, "it was not decided in time; ask again");
});

test("actions that come too late are refused, and hold nothing", async () => {
  await using world = await aWorld();
  const { id } = await find(world, { query: "kind:log" });

  await assert.rejects(world.ask("diml/dml/do/reserve", { request: id }), /that is satisfied cannot select/);
  await assert.rejects(world.ask("diml/dml/do/evaluate", { request: id }), /that is satisfied cannot evaluate/);
  assert.equal(await reservedBytes(world), 0);
});

test("instances are found by name, by selector and under the published parameter, and can be removed once", async () => {
  await using world = await aWorld();
  await find(world, { query: "kind:log" });
  await find(world, { query: "kind:capture" });

  assert.deepEqual((await instances(world, "state:ready and device:d1 and size:5")).length, 2);
  assert.deepEqual(
    (await instances(world, "site=paris")).map(({ name }) => name),
    ["other.log"],
  );
  const removed = (await world.ask("diml/dml/do/datainstance/destroy", { attr1: "trace.pcap" })) as { state: string };
  assert.equal(removed.state, "removed");
  await assert.rejects(
    world.ask("diml/dml/do/datainstance/destroy", { attr1: "trace.pcap" }),
    /there is no datainstance "trace.pcap"/,
  );
});

/** A database whose power goes at one of its next writes, just before it lands or just after: nothing is heard of it again. */
function failing(database: Database) {
  let left = Infinity;
  let isLanding = false;
  return {
    failAfter: (writes: number, landing: boolean) => {
      left = writes;
      isLanding = landing;
    },
    database: {
      ...database,
      batch: async (operations) => {
        const isCut = left-- <= 0;
        if (!isCut || (left === -1 && isLanding)) await database.batch(operations);
        if (isCut) await new Promise(() => {});
      },
    } satisfies Database,
  };
}

test("a power cut at any write leaves a request that comes to its end after the restart, done once", async () => {
  const outcomes = new Set<string>();
  for (let cut = 0; cut < 32; cut++) {
    const memory = memoryDatabase();
    const disk = failing(memory);
    const clock = new ManualClock();
    const before = await startWorld({ database: disk.database, clock });
    await before.store.commit(aDevice("d1"), aDevice("d2"));
    await hold(before, "d1", { "app.log": "hello" });
    await hold(before, "d2", { "app.log": "hello", "b.log": "b" });
    await before.advance(SECOND);
    disk.failAfter(Math.floor(cut / 2), cut % 2 === 1);
    void before.ask("diml/find", { query: "kind:log", name: "wanted" });
    await clock.advance(SECOND);

    await using after = await startWorld({ database: memory, clock: new ManualClock(clock.now() + MINUTE) });
    await after.advance(5 * SECOND);

    const requests = (await after.store.list(dataRequest)).items.map(({ state }) => state).join();
    const reservations = (await after.store.list(dataReservation)).items
      .map(({ state }) => state)
      .toSorted()
      .join();
    const held = (await after.store.list(dataInstance)).items.length;
    outcomes.add(`${requests} ${reservations} ${held} ${await reservedBytes(after)}`);
  }

  assert.deepEqual([...outcomes].toSorted(), ["  0 0", "satisfied confirmed,confirmed,rejected 2 0"]);
});
