import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { IndexChecksum, type IndexedFile, type RecordBody } from "@edgemere/protocol";
import { SECOND } from "@edgemere/protocol/kit";
import fc from "fast-check";
import { moved, put, updated } from "../platform/change.ts";
import { data, dataSource } from "./data-catalogue/contract.ts";
import { reportProgress, wantedIndexes } from "./data-catalogue/tables.ts";
import { startYard, type Yard } from "./data-yard.test-support.ts";
import { command } from "./jobs/contract.ts";
import { aReport } from "./jobs/jobs.test-support.ts";

type Report = NonNullable<RecordBody["dataSource"]>;
type Files = ReadonlyMap<string, IndexedFile>;

const aFile = (name: string, content: string): IndexedFile => ({
  name,
  bytes: content.length,
  hash: createHash("sha256").update(content).digest("hex"),
  modifiedAt: 1_000 + content.length,
});
const onWire = ({ name, bytes, hash, modifiedAt }: IndexedFile) => ({
  name,
  bytes,
  hash: Buffer.from(hash, "hex"),
  modifiedAtMs: modifiedAt,
});
function checksumOf(files: Files): Buffer {
  const checksum = new IndexChecksum();
  for (const each of files.values()) checksum.toggle(each);
  return checksum.bytes;
}

/** A device that counts its index of the directory "logs", and tells of it as it is asked to. */
class Device {
  readonly files = new Map<string, IndexedFile>();
  index: { readonly number: number; readonly files: Files } = { number: 1, files: new Map() };
  #reports = 0;

  write(name: string, content: string): void {
    this.files.set(name, aFile(name, content));
  }

  /** Two files a part. */
  whole(): readonly Report[] {
    const all = [...this.index.files.values()];
    const parts = Math.max(1, Math.ceil(all.length / 2));
    const head = this.#head();
    return Array.from({ length: parts }, (_, part) => ({
      ...head,
      part,
      parts,
      items: all.slice(2 * part, 2 * part + 2).map(onWire),
    }));
  }

  /** What changed since it was told last; where nothing did, how it stands. */
  changes(): Report {
    const { number, files } = this.index;
    const items = [...this.files.values()].filter(({ name, hash }) => files.get(name)?.hash !== hash);
    const removed = [...files.keys()].filter((name) => !this.files.has(name));
    const isSame = items.length === 0 && removed.length === 0;
    this.index = { number: isSame ? number : number + 1, files: new Map(this.files) };
    return { ...this.#head(), parts: 2, items: items.map(onWire), removed, indexBefore: number };
  }

  #head() {
    const room = { totalBytes: 1_000, freeBytes: 400 };
    const stand = { index: this.index.number, indexChecksum: checksumOf(this.index.files) };
    this.#reports += 1;
    return { name: "logs", path: "/var/log", ...room, tags: {}, report: `r${this.#reports}`, ...stand };
  }
}

const tell = (yard: Yard, ...reports: readonly Report[]) =>
  yard.report("d1", "event", ...reports.map((dataSource) => ({ dataSource })));

/** Answers what the device was asked for; how often that was. */
async function answer(yard: Yard, device: Device): Promise<number> {
  await yard.advance(SECOND);
  const { items } = await yard.store.list(command, { index: "open", prefix: ["d1"] });
  for (const row of items.filter(({ kind }) => kind === "data.report")) {
    await tell(yard, ...device.whole());
    await yard.report("d1", "result", aReport(row, "succeeded"));
  }
  await yard.advance(SECOND);
  return items.length;
}

const sourceOf = async (yard: Yard) => (await yard.sources()).find(({ name }) => name === "logs")?.id ?? "";
async function catalogued(yard: Yard): Promise<Readonly<Record<string, string>>> {
  const rows = (await yard.store.list(data, { index: "source", prefix: [await sourceOf(yard)], limit: 1_000 })).items;
  return Object.fromEntries(rows.filter(({ state }) => state !== "removed").map(({ name, hash }) => [name, hash]));
}
const heldBy = (files: Files) => Object.fromEntries([...files.values()].map(({ name, hash }) => [name, hash]));

async function startWorld(): Promise<{ yard: Yard; device: Device } & AsyncDisposable> {
  const yard = await startYard({ d1: {} });
  const device = new Device();
  for (const name of ["a", "b", "c"]) device.write(name, name);
  device.changes();
  await tell(yard, ...device.whole());
  await yard.advance(SECOND);
  return { yard, device, [Symbol.asyncDispose]: () => yard[Symbol.asyncDispose]() };
}

test("what changed is added, changed and removed, and nobody is asked for the rest", async () => {
  await using world = await startWorld();
  const { yard, device } = world;
  device.write("d", "new");
  device.write("a", "other");
  device.files.delete("b");

  await tell(yard, device.changes());

  assert.deepEqual(await catalogued(yard), heldBy(device.files));
  assert.equal(await answer(yard, device), 0);
});

test("how an index stands that is known already makes no news", async () => {
  await using world = await startWorld();
  const { yard, device } = world;
  const before = yard.store.lastNumber;

  await tell(yard, device.changes());
  await yard.advance(SECOND);

  assert.deepEqual(await yard.eventTypes(before), []);
});

test("changes that were lost are found at the next word, asked for once, and told", async () => {
  await using world = await startWorld();
  const { yard, device } = world;
  device.files.delete("a");
  device.changes();
  device.write("e", "e");

  await tell(yard, device.changes());
  assert.equal((await catalogued(yard))["e"], device.files.get("e")?.hash);
  assert.equal(await answer(yard, device), 1);

  assert.deepEqual(await catalogued(yard), heldBy(device.files));
  assert.deepEqual((await yard.store.list(wantedIndexes)).items, []);
  assert.equal(await answer(yard, device), 0);
});

test("changes that come twice, or right behind the report that they change, end as they should", async () => {
  await using world = await startWorld();
  const { yard, device } = world;
  device.write("a", "once more");
  const report = device.changes();
  await tell(yard, report);
  await tell(yard, report, report);
  const whole = device.whole();
  device.files.delete("c");
  const first = device.changes();
  device.write("c", "back");
  device.files.delete("b");

  await tell(yard, ...whole, first, device.changes());

  assert.equal(await answer(yard, device), 0);
  assert.deepEqual(await catalogued(yard), heldBy(device.files));
});

test("what a device says of its whole index and does not add up is asked for again, later and later", async () => {
  await using world = await startWorld();
  const { yard, device } = world;
  const wrong = device.whole().map((each) => ({ ...each, report: "wrong", indexChecksum: Buffer.alloc(32, 1) }));
  await tell(yard, ...wrong);
  await yard.advance(2 * SECOND);
  assert.equal((await yard.store.list(wantedIndexes)).items[0]?.tries, 1);

  await yard.advance(300 * SECOND);

  assert.equal((await yard.store.list(wantedIndexes)).items[0]?.tries, 2);
});

const anEvent = fc.record({
  what: fc.constantFrom("write", "remove", "told", "lost", "twice", "late", "device-disk", "catalogue-disk", "answer"),
  name: fc.constantFrom("a", "b", "c", "d", "e"),
  content: fc.string({ minLength: 1, maxLength: 3 }),
});

/** The catalogue as it is, to be put back: what a restore of an old backup does. */
async function backUp(yard: Yard): Promise<() => Promise<void>> {
  const source = await sourceOf(yard);
  const progress = await yard.store.get(reportProgress, source);
  const listed = async () => (await yard.store.list(data, { index: "source", prefix: [source], limit: 1_000 })).items;
  const old = new Map((await listed()).map((row) => [row.id, row]));
  return async () => {
    for (const row of await listed()) {
      const was = old.get(row.id);
      const patch = { bytes: was?.bytes ?? 0, hash: was?.hash ?? "", modifiedAt: was?.modifiedAt ?? 0 };
      if (was === undefined || was.state === "removed") {
        if (row.state !== "removed") await yard.store.commit(moved(data, row, "remove"));
      } else if (row.state === "removed") await yard.store.commit(moved(data, row, "recover", patch));
      else await yard.store.commit(updated(data, row, patch));
    }
    if (progress !== undefined) await yard.store.commit(put(reportProgress, progress));
  };
}

test("whatever changes, is lost, comes twice or is restored on either side, in the end the catalogue is the directory", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anEvent, { maxLength: 14 }), async (events) => {
      await using world = await startWorld();
      const { yard, device } = world;
      const restore = await backUp(yard);
      const first = device.index;
      let late: Report | undefined;
      for (const { what, name, content } of events) {
        if (what === "write") device.write(name, content);
        if (what === "remove") device.files.delete(name);
        if (what === "told") await tell(yard, device.changes());
        if (what === "lost") device.changes();
        if (what === "late") late = device.changes();
        if (what === "device-disk") device.index = first;
        if (what === "catalogue-disk") await restore();
        if (what === "answer") await answer(yard, device);
        if (what === "twice") {
          const report = device.changes();
          await tell(yard, ...(late === undefined ? [] : [late]), report);
          await tell(yard, report);
        }
      }

      await tell(yard, device.changes());
      await answer(yard, device);
      // As every new session does.
      await tell(yard, device.changes());
      await answer(yard, device);

      assert.deepEqual(await catalogued(yard), heldBy(device.files));
      assert.deepEqual((await yard.store.list(wantedIndexes)).items, []);
      assert.equal((await yard.store.list(dataSource, { index: "name", prefix: ["logs"] })).items.length, 1);
    }),
    { numRuns: 40 },
  );
});
