import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { HOUR, MINUTE } from "@edgemere/protocol/kit";
import type { OutputOf } from "../platform/action.ts";
import { moved, put } from "../platform/change.ts";
import type { Data, DataSource, queryData } from "./data-catalogue/contract.ts";
import { objectErrands } from "./data-catalogue/tables.ts";
import { dataInstance } from "./data-orchestrator/contract.ts";
import { startYard, type Yard, type YardDevice } from "./data-yard.test-support.ts";
import { ENDPOINT, Shelf } from "./object-store.test-support.ts";

const credentials = { endpoint: ENDPOINT, bucket: "samples", accessKey: "key", secretKey: "SECRET" };
const hashOf = (content: string | Buffer) => createHash("sha256").update(content).digest("hex");

/** Devices, and a shelf that is registered as the source "shelf". */
async function startShelf(
  devices: Readonly<Record<string, YardDevice>>,
  shelf: Shelf,
  over: object = {},
): Promise<Yard> {
  const yard = await startYard(devices, { objectStores: shelf });
  await register(yard, over);
  await yard.pass(3);
  return yard;
}
const register = (yard: Yard, over: object = {}) =>
  yard.ask("diml/dml/fmdm/objectstore/register", { name: "shelf", ...credentials, ...over }) as Promise<DataSource>;
const matches = async (yard: Yard, expression: string): Promise<readonly Data[]> =>
  ((await yard.ask("diml/dml/fmdm/query", { expression, limit: 500 })) as OutputOf<typeof queryData>).items;
const shelfOf = async (yard: Yard): Promise<DataSource | undefined> =>
  (await yard.sources()).find(({ kind }) => kind === "bucket");

test("objects of a registered bucket are data, with the tags of the store, of rules and of the source", async () => {
  const shelf = new Shelf();
  shelf.set("lab/captures/1.pcap", "one", { tags: { owner: "darren" } });
  shelf.set("lab/notes.txt", "two");
  shelf.set("other/3.txt", "three");
  const rules = [{ prefix: "captures/", tags: { sensitive: "yes" } }];
  await using yard = await startShelf({}, shelf, { prefix: "lab/", tags: { site: "berlin" }, rules });

  const found = await matches(yard, "site:berlin");

  assert.deepEqual(
    found.map(({ name, hash, device, access, tags }) => [name, hash, device, access, tags]),
    [
      [
        "captures/1.pcap",
        hashOf("one"),
        "",
        "read",
        { kind: "capture", extension: "pcap", source: "shelf", site: "berlin", sensitive: "yes", owner: "darren" },
      ],
      ["notes.txt", hashOf("two"), "", "read", { kind: "text", extension: "txt", source: "shelf", site: "berlin" }],
    ],
  );
  const source = await shelfOf(yard);
  assert.deepEqual([source?.state, source?.failure, source?.path], ["ready", "", `${ENDPOINT}/samples/lab/`]);
});

test("a bucket of many pages is looked through whole, and what is known is not read again", async () => {
  const shelf = new Shelf();
  for (let i = 0; i < 137; i++) shelf.set(`${String(i).padStart(3, "0")}.log`, `line ${i}`);
  await using yard = await startShelf({}, shelf);
  const [{ length }, read] = [await matches(yard, "kind:log"), shelf.read];

  shelf.set("005.log", "changed");
  shelf.objects.delete("007.log");
  shelf.set("zzz.log", "new");
  await yard.pass(5 * 60);

  assert.equal(length, 137);
  assert.equal(shelf.read - read, "changed".length + "new".length);
  const now = new Map((await matches(yard, "kind:log")).map(({ name, hash }) => [name, hash]));
  assert.deepEqual([now.size, now.get("005.log"), now.has("007.log")], [137, hashOf("changed"), false]);
});

test("an object whose hash its store knows is not read to be found", async () => {
  const shelf = new Shelf();
  shelf.set("a.log", "content", { isHashed: true });
  await using yard = await startShelf({}, shelf);

  assert.deepEqual([(await matches(yard, "kind:log"))[0]?.hash, shelf.read], [hashOf("content"), 0]);
});

test("keys that mark folders, hide control characters or climb are left out", async () => {
  const shelf = new Shelf();
  for (const key of ["a/", "a/../b", "./c", "d\u0007", "good"]) shelf.set(key, key === "a/" ? "" : key);
  await using yard = await startShelf({}, shelf);

  assert.deepEqual(
    (await matches(yard, "source:shelf")).map(({ name }) => name),
    ["good"],
  );
});

test("a store that refuses suspends its source with the cause and the next try, and all is well when it works again", async () => {
  const shelf = new Shelf();
  shelf.set("a.log", "content");
  await using yard = await startShelf({}, shelf);
  shelf.failure = 'there is no bucket "samples"; make it, or register another';
  await yard.pass(5 * 60);

  const source = await shelfOf(yard);
  assert.deepEqual([source?.state, source?.failure], ["suspended", shelf.failure]);
  assert.ok((source?.nextTryAt ?? 0) > yard.clock.now() && (source?.nextTryAt ?? 0) <= yard.clock.now() + 10 * MINUTE);
  assert.deepEqual(
    (await matches(yard, "source:shelf")).map(({ state }) => state),
    ["unavailable"],
  );

  shelf.failure = "";
  await yard.pass(11 * 60);
  assert.deepEqual([(await shelfOf(yard))?.state, (await shelfOf(yard))?.nextTryAt], ["ready", undefined]);
  assert.deepEqual(
    (await matches(yard, "source:shelf")).map(({ state }) => state),
    ["available"],
  );
});

test("an object is brought to devices through the centre, once for all of them", async () => {
  const shelf = new Shelf();
  shelf.set("a.pcap", "evidence", { isHashed: true });
  await using yard = await startShelf({ b1: { site: "berlin" }, b2: { site: "berlin" } }, shelf);

  const { id } = await yard.find({ query: "kind:capture", where: "site=berlin", copies: 2 });
  await yard.pass(15);

  assert.equal((await yard.explain(id)).request.state, "satisfied");
  assert.deepEqual([yard.moved, shelf.read], [{ sent: 0, fetched: 16 }, 8]);
  assert.deepEqual(await matches(yard, "source:store"), []);
});

test("a transfer that breaks off goes on where it was", async () => {
  const shelf = new Shelf();
  const content = Buffer.alloc(1_000_000, "0123456789abcdef");
  shelf.set("a.pcap", content, { isHashed: true });
  shelf.breaksAfter = 700_000;
  await using yard = await startShelf({ b1: { freeBytes: 2_000_000 } }, shelf);

  await yard.find({ query: "kind:capture", device: "b1" });
  await yard.pass(60);

  // The second read begins behind the last whole piece of the first.
  assert.equal(shelf.read, 700_000 + (1_000_000 - 393_216));
  const [instance] = await yard.instances();
  assert.equal(instance?.hash, hashOf(content));
});

test("an object that is something else than its store said is never given to a device", async () => {
  const shelf = new Shelf();
  shelf.set("a.pcap", "evidence");
  shelf.objects.set("a.pcap", { content: Buffer.from("forged!!"), revision: "x", sha256: hashOf("evidence") });
  await using yard = await startShelf({ b1: {} }, shelf);

  await yard.find({ query: "kind:capture", device: "b1" });
  await yard.pass(30);

  assert.equal(yard.moved.fetched, 0);
  const [instance] = await yard.instances();
  assert.equal(instance?.state, "placing");
  assert.match(instance?.cause ?? "", /what came has the SHA-256/);
});

test("only endpoints that were allowed can be registered, and the secret is nowhere to be seen", async () => {
  const shelf = new Shelf();
  await using yard = await startShelf({}, shelf);

  await assert.rejects(register(yard, { endpoint: "http://169.254.169.254" }), /may be asked; allow it/);
  const shown = JSON.stringify([await yard.sources(), await yard.store.events(0, 10_000)]);
  assert.ok(!shown.includes("SECRET"));
  assert.equal(shelf.opened.at(-1)?.secretKey, "SECRET");
});

test("a source that is unregistered keeps its meta-data and forgets its credentials, and can be registered again", async () => {
  const shelf = new Shelf();
  shelf.set("a.log", "content");
  await using yard = await startShelf({}, shelf);

  await yard.ask("diml/dml/fmdm/objectstore/unregister", { source: "shelf" });
  const before = shelf.opened.length;
  await yard.pass(10 * 60);
  assert.deepEqual(
    [(await shelfOf(yard))?.state, (await matches(yard, "kind:log"))[0]?.state, shelf.opened.length],
    ["shutdown", "unavailable", before],
  );

  await register(yard);
  await yard.pass(5);
  assert.deepEqual(
    [
      (await yard.sources()).filter(({ kind }) => kind === "bucket").length,
      (await matches(yard, "kind:log"))[0]?.state,
    ],
    [1, "available"],
  );
});

test("data of a device is put into a bucket that takes data, and taken away there when it is needed no longer", async () => {
  const shelf = new Shelf();
  await using yard = await startShelf({ gw1: { files: { "a.pcap": "evidence" } } }, shelf, {
    writable: true,
    room: 100,
  });

  const { id } = await yard.find({ query: "kind:capture", source: "shelf", lifetime: 40 });
  await yard.pass(15);

  const { request, instances } = await yard.explain(id);
  assert.deepEqual(
    [request.state, instances.map(({ device, state }) => [device, state])],
    ["satisfied", [["", "ready"]]],
  );
  assert.deepEqual(
    [...shelf.objects].map(([key, { content }]) => [key, content.toString()]),
    [[`${hashOf("evidence").slice(0, 16)}-a.pcap`, "evidence"]],
  );
  const [copy] = await matches(yard, "source:shelf");
  assert.deepEqual([copy?.lineage?.device, copy?.lineage?.request], ["gw1", id]);
  const source = await shelfOf(yard);
  assert.deepEqual([source?.freeBytes, source?.availableBytes, source?.placingBytes], [92, 92, 0]);

  await yard.pass(60);
  assert.deepEqual([shelf.objects.size, [...(yard.held.get("gw1")?.values() ?? [])]], [0, ["evidence"]]);
});

test("what a person put into a bucket is moved to a device only where it may be taken away", async () => {
  const shelf = new Shelf();
  shelf.set("a.pcap", "evidence");
  await using yard = await startShelf({ b1: {} }, shelf);
  const refused = await yard.find({ query: "kind:capture", device: "b1", use: "move" });
  assert.match((await yard.explain(refused.id)).request.reason, /nothing may be taken away where it lies/);

  await register(yard, { writable: true });
  shelf.set("a.pcap", "evidence2");
  await yard.pass(5 * 60);
  await yard.find({ query: "kind:capture", device: "b1", use: "move" });
  await yard.pass(20);

  assert.deepEqual([shelf.objects.size, [...(yard.held.get("b1")?.values() ?? [])]], [0, ["evidence2"]]);
});

test("a bucket that is full, or takes no data, is refused before a byte moves", async () => {
  const shelf = new Shelf();
  await using yard = await startShelf({ gw1: { files: { "a.pcap": "evidence" } } }, shelf, { writable: true, room: 7 });

  const full = await yard.find({ query: "kind:capture", source: "shelf" });
  assert.match((await yard.explain(full.id)).request.reason, /room \(8 bytes/);

  await register(yard, { writable: false });
  await yard.pass(2);
  const closed = await yard.find({ query: "kind:capture", source: "shelf" });
  assert.match((await yard.explain(closed.id)).request.reason, /0 places there take data now/);
  assert.deepEqual([shelf.objects.size, yard.moved.sent], [0, 0]);
});

test("a bucket that refuses what is put there says why at the instance, and takes it when it works again", async () => {
  const shelf = new Shelf();
  await using yard = await startShelf({ gw1: { files: { "a.pcap": "evidence" } } }, shelf, { writable: true });
  await yard.find({ query: "kind:capture", source: "shelf" });
  shelf.failure = 'the access key "key" may not do this';
  await yard.pass(10);
  const [instance] = await yard.instances();
  assert.deepEqual([instance?.state, instance?.cause], ["placing", shelf.failure]);

  shelf.failure = "";
  await yard.pass(60);
  assert.equal((await yard.instances())[0]?.state, "ready");
});

test("a copy that is kept in a bucket is put there again when somebody removed it", async () => {
  const shelf = new Shelf();
  await using yard = await startShelf({ gw1: { files: { "a.pcap": "evidence" } } }, shelf, { writable: true });
  await yard.find({ query: "device:gw1", source: "shelf", keep: true, lifetime: 86_400 });
  await yard.pass(20);
  assert.equal(shelf.objects.size, 1);

  shelf.objects.clear();
  await yard.pass(6 * 60);

  assert.equal(shelf.objects.size, 1);
});

test("a large object that breaks off on its way into a bucket goes on behind its last part", async () => {
  const shelf = new Shelf();
  const content = "evidence that is long enough for four parts";
  await using yard = await startShelf({ gw1: { files: { "a.pcap": content } } }, shelf, { writable: true });
  shelf.partsAtMost = 2;
  await yard.find({ query: "kind:capture", source: "shelf" });
  await yard.pass(10);
  assert.match((await yard.instances())[0]?.cause ?? "", /it broke off/);

  shelf.partsAtMost = Infinity;
  await yard.pass(60);

  assert.equal((await yard.instances())[0]?.state, "ready");
  assert.deepEqual(
    [...shelf.objects.values()].map(({ content }) => content.toString()),
    [content],
  );
  assert.equal(shelf.partsTaken, 5);
});

test("parts of an object that nobody asks for any more are given up", async () => {
  const shelf = new Shelf();
  const files = { "a.pcap": "evidence that is long enough for four parts" };
  await using yard = await startShelf({ gw1: { files } }, shelf, { writable: true });
  shelf.partsAtMost = 2;
  await yard.find({ query: "kind:capture", source: "shelf" });
  await yard.pass(10);
  assert.equal(shelf.uploads.size, 1);
  const [errand] = (await yard.store.list(objectErrands)).items;
  assert.ok(errand);
  await yard.store.commit(put(objectErrands, { ...errand, cause: "it broke off", at: yard.clock.now() - 25 * HOUR }));
  const [instance] = await yard.instances();
  if (instance) await yard.store.commit(moved(dataInstance, instance, "lose", { cause: "given up" }));

  await yard.advance(HOUR);

  assert.deepEqual([shelf.uploads.size, (await yard.store.list(objectErrands)).items], [0, []]);
});
