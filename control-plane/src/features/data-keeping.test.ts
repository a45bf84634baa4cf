import assert from "node:assert/strict";
import { test } from "node:test";
import { MINUTE, silentLog } from "@edgemere/protocol/kit";
import { ManualClock } from "@edgemere/protocol/simulated";
import { created, moved } from "../platform/change.ts";
import { dying } from "../platform/database.test-support.ts";
import { forgetOldEvents } from "../platform/event-retention.ts";
import { keptDatabase } from "../platform/sample-resource.test-support.ts";
import { Store } from "../platform/store.ts";
import { data } from "./data-catalogue/contract.ts";
import { dataInstance, dataRequest } from "./data-orchestrator/contract.ts";
import { droppings, woken } from "./data-orchestrator/tables.ts";
import { startYard, type Yard } from "./data-yard.test-support.ts";
import { command } from "./jobs/contract.ts";
import { aReport } from "./jobs/jobs.test-support.ts";

const berlin = { site: "berlin" };
const fleet = { gw1: { files: { "a.pcap": "evidence" } }, b1: berlin, b2: berlin, b3: berlin };
const rule = { query: "kind:capture and device:gw1", where: "site=berlin", copies: 2, keep: true, lifetime: 86_400 };

/** Devices that hold something. */
const holding = (yard: Yard, content: string) =>
  [...yard.held].filter(([, files]) => [...files.values()].includes(content)).map(([id]) => id);

/** A rule whose two copies stand, and on which devices. */
async function kept(
  devices: Parameters<typeof startYard>[0] = fleet,
  over: Parameters<typeof startYard>[1] = {},
): Promise<{ yard: Yard; id: string; on: string[] }> {
  const yard = await startYard(devices, over);
  const { id } = await yard.find(rule);
  await yard.pass(10);
  return { yard, id, on: holding(yard, "evidence").filter((each) => each !== "gw1") };
}
const troubleOf = async (yard: Yard, id: string) => (await yard.explain(id)).request.cause ?? "";

test("a copy that vanishes is made anew", async () => {
  const { yard, id, on } = await kept();
  await using _ = yard;

  yard.held.get(on[0] ?? "")?.clear();
  await yard.pass(20);

  assert.equal(holding(yard, "evidence").length, 3);
  assert.ok((await yard.explain(id)).instances.every(({ state }) => state === "ready"));
});

test("a copy that is damaged is replaced, and what took its place is the right content", async () => {
  const { yard, on } = await kept();
  await using _ = yard;
  const folder = yard.held.get(on[1] ?? "");

  for (const name of folder?.keys() ?? []) folder?.set(name, "rotten!!");
  await yard.pass(20);

  assert.equal(holding(yard, "evidence").length, 3);
});

test("a holder that dies is waited for, then replaced, and when it comes back there are as many copies as before", async () => {
  const { yard, on } = await kept();
  await using _ = yard;
  await yard.setPresence(on[0] ?? "", "offline");
  await yard.pass(10);
  assert.equal(holding(yard, "evidence").length, 3, "it is waited for");

  await yard.advance(15 * 60_000);
  await yard.pass(20);
  assert.equal(holding(yard, "evidence").length, 4, "the third device has one now");

  await yard.setPresence(on[0] ?? "", "online");
  await yard.advance(5 * 60_000);
  await yard.pass(15);
  assert.equal(holding(yard, "evidence").length, 3);
  assert.equal((await yard.instances()).length, 2);
});

test("when the data changes its copies do, and those of before are taken away afterwards", async () => {
  const { yard, id } = await kept();
  await using _ = yard;

  yard.held.get("gw1")?.set("a.pcap", "more evidence");
  await yard.pass(30);

  assert.equal(holding(yard, "more evidence").length, 3);
  assert.deepEqual(holding(yard, "evidence"), []);
  assert.equal((await yard.explain(id)).instances.length, 2);
});

test("a copy of what changed while its device was away is taken away when that is back, also when it is the last of before", async () => {
  const { yard, on } = await kept();
  await using _ = yard;
  await yard.setPresence(on[0] ?? "", "offline");
  yard.held.get("gw1")?.set("a.pcap", "more evidence");
  await yard.pass(20);
  await yard.advance(16 * 60_000);
  await yard.pass(20);
  assert.equal(holding(yard, "more evidence").length, 3);
  assert.deepEqual(holding(yard, "evidence"), [on[0]]);

  await yard.setPresence(on[0] ?? "", "online");
  await yard.pass(20);

  assert.deepEqual(holding(yard, "evidence"), []);
});

test("a copy of what changed after its device failed to take it away is taken away the next time", async () => {
  const { yard, on } = await kept();
  await using _ = yard;
  const away = on[0] ?? "";
  await yard.setPresence(away, "offline");
  await yard.advance(16 * 60_000);
  await yard.pass(20);
  yard.held.get("gw1")?.set("a.pcap", "more evidence");
  await yard.pass(20);
  assert.deepEqual(holding(yard, "evidence"), [away]);
  const asked = (await yard.store.list(command, { index: "open", prefix: [away] })).items;
  assert.deepEqual(
    asked.map(({ kind }) => kind),
    ["data.drop"],
  );

  for (const row of asked) await yard.report(away, "result", aReport(row, "failed", { reason: "failed" }));
  await yard.setPresence(away, "online");
  await yard.pass(40);

  assert.deepEqual(holding(yard, "evidence"), []);
});

test("a copy that somebody changed stays when its request ends, and its device is asked no more than once", async () => {
  await using yard = await startYard({ gw1: fleet.gw1, b1: berlin });
  await yard.find({ query: "kind:capture and device:gw1", device: "b1", lifetime: 20 });
  await yard.pass(10);
  const folder = yard.held.get("b1");
  for (const name of folder?.keys() ?? []) folder?.set(name, "somebody's own");
  await yard.pass(20);
  await yard.advance(10 * 60_000);
  await yard.pass(5);

  assert.deepEqual(holding(yard, "somebody's own"), ["b1"]);
  assert.deepEqual(await yard.instances(), []);
  const asked = (await yard.store.list(command)).items.filter(({ kind }) => kind === "data.drop");
  assert.ok(asked.length <= 1, `it was asked ${asked.length} times`);
  assert.deepEqual((await yard.store.list(droppings)).items, []);
});

test("new data that the rule speaks of is copied too", async () => {
  const { yard } = await kept();
  await using _ = yard;

  yard.held.get("gw1")?.set("b.pcap", "second");
  await yard.pass(1);
  await yard.advance(5 * 60_000);
  await yard.pass(15);

  assert.equal(holding(yard, "second").length, 3);
});

test("a rule that cannot be kept says why and when it tries again, and heals by itself", async () => {
  const { yard, id, on } = await kept({ gw1: fleet.gw1, b1: berlin, b2: berlin });
  await using _ = yard;
  await yard.setPresence(on[0] ?? "", "offline");
  await yard.advance(16 * 60_000);
  await yard.pass(10);
  const { request } = await yard.explain(id);
  assert.equal(request.state, "satisfied");
  assert.match(request.cause ?? "", /where site=berlin \(1 places there take data now\) cannot be met/);
  assert.ok((request.nextTryAt ?? 0) > request.updatedAt);

  await yard.setPresence(on[0] ?? "", "online");
  await yard.pass(60);

  assert.equal(await troubleOf(yard, id), "");
  assert.ok((await yard.explain(id)).instances.every(({ state }) => state === "ready"));
});

test("where a disk fills, caches go, and the data they were made of stays", async () => {
  await using yard = await startYard({ gw1: fleet.gw1, b1: berlin });
  await yard.find({ query: "kind:capture", where: "site=berlin", use: "cache", lifetime: 86_400 });
  await yard.pass(10);
  assert.deepEqual(holding(yard, "evidence"), ["gw1", "b1"]);

  yard.held.get("b1")?.set("large", "x".repeat(900));
  await yard.pass(40);

  assert.deepEqual(holding(yard, "evidence"), ["gw1"]);
});

test("a copy that another request made goes with the last that used it, also when its device was away then", async () => {
  await using yard = await startYard({ gw1: fleet.gw1, b1: berlin, b2: berlin });
  await yard.find({ query: "kind:capture", device: "b1", lifetime: 20 });
  await yard.pass(10);
  const { id } = await yard.find({ ...rule, query: "kind:capture", copies: 1 });
  await yard.pass(40);
  assert.deepEqual(
    (await yard.explain(id)).instances.map(({ device, decision }) => [device, decision]),
    [["b1", "leave"]],
  );

  await yard.setPresence("b1", "offline");
  await yard.advance(16 * 60_000);
  await yard.pass(20);
  assert.deepEqual(holding(yard, "evidence"), ["gw1", "b1", "b2"]);
  await yard.setPresence("b1", "online");
  await yard.pass(30);

  assert.equal(holding(yard, "evidence").length, 2);
  assert.equal((await yard.instances()).length, 1);
});

test("a rule that cannot be looked at holds up no other", async () => {
  const { yard, id, on } = await kept();
  await using _ = yard;
  const row = await yard.store.get(dataRequest, id);
  assert.ok(row);
  await yard.store.commit(
    created(dataRequest, "0-damaged", { ...row, query: "((" }, "satisfied"),
    ...woken("0-damaged"),
  );

  yard.held.get(on[0] ?? "")?.clear();
  await yard.pass(30);

  assert.equal(holding(yard, "evidence").length, 3);
});

test("wherever the control plane dies while a copy is made anew, there is one in the end", async () => {
  let deathAt = 0;
  for (let isOver = false; !isOver; deathAt += 2 + (deathAt % 3)) {
    const database = keptDatabase();
    await using first = await startYard(fleet, { database });
    const { id } = await first.find(rule);
    await first.pass(10);
    const { device = "" } = (await first.instances())[0] ?? {};
    const clock = new ManualClock(first.clock.now() + MINUTE);
    const end = dying(database, deathAt);
    const living = async () => {
      await using yard = await startYard(fleet, { database: end.database, clock, held: first.held });
      yard.held.get(device)?.clear();
      await yard.pass(12);
      return "lived" as const;
    };
    isOver = (await Promise.race([living().catch(() => "died" as const), end.death])) === "lived";

    await using yard = await startYard(fleet, {
      database,
      held: first.held,
      clock: new ManualClock(clock.now() + MINUTE),
    });
    const states = async () => (await yard.explain(id)).instances.map(({ state }) => state).join();
    // Not long enough for a look at everything: what was told before the death is what brings it.
    for (let second = 0; second < 60 && (second < 6 || (await states()) !== "ready,ready"); second++)
      await yard.pass(1);
    assert.equal(await states(), "ready,ready", `death at write ${deathAt}`);
    assert.equal(holding(yard, "evidence").length, 3, `death at write ${deathAt}`);
  }
  assert.ok(deathAt > 10, `only ${deathAt} writes were seen`);
});

test("where what happened is no longer known all instances are looked at", async () => {
  const database = keptDatabase();
  const { yard: first, on } = await kept(fleet, { database });
  const instance = (await first.instances()).find(({ device }) => device === on[0]);
  await first[Symbol.asyncDispose]();
  const clock = new ManualClock(first.clock.now() + MINUTE);
  const store = await Store.open(database, clock);
  const row = await store.get(data, instance?.holds ?? "");
  assert.ok(instance && row);
  await store.commit(moved(data, row, "remove"));
  await clock.advance(MINUTE);
  const parts = { store, clock, log: silentLog, resources: [], keepFor: 0, bus: { passed: store.lastNumber } };
  while ((await forgetOldEvents(parts).step()) === "more");
  first.held.get(instance.device)?.clear();

  await using yard = await startYard(fleet, { database, clock, held: first.held });
  await yard.pass(1);

  assert.notEqual((await yard.store.get(dataInstance, instance.id))?.state, "ready");
});
