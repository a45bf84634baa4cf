import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { v1 } from "@edgemere/protocol";
import { silentLog } from "@edgemere/protocol/kit";
import { ManualClock, seededRandom, SimulatedDisk } from "@edgemere/protocol/simulated";
import { hashFile, listFiles } from "../host/linux/files.ts";
import { transferFolder } from "../host/linux/transfer-folder.test-support.ts";
import { linuxTransfers } from "../host/linux/transfers.ts";
import type { SentPiece } from "../link/content-road.ts";
import { Pace } from "./files/pace.ts";
import { PartFiles } from "./files/part-files.ts";
import { dataDrop } from "./handlers/data-drop.ts";
import { dataGet } from "./handlers/data-get.ts";
import { dataMount } from "./handlers/data-mount.ts";
import { dataSnapshot } from "./handlers/data-snapshot.ts";
import { dataPut } from "./handlers/data-put.ts";
import type { HandlerContext, MountDuty, Snapshotted } from "./handlers/handler.ts";

const content = Buffer.from("what was captured");
const sha256 = createHash("sha256").update(content).digest();
const copy = `${sha256.toString("hex").slice(0, 16)}-a.pcap`;

/** Two sources of one folder: "data" takes data and "logs" does not. */
async function aMachine(mounts?: MountDuty) {
  const folder = await transferFolder();
  const { root } = folder;
  const clock = new ManualClock();
  const looked: string[] = [];
  const sent: Buffer[] = [];
  const road = {
    fetch: async ({ from, limit }: { from: number; limit: number }) => content.subarray(from, from + limit),
    chunks: async () => new Uint8Array(),
    neighbours: async () => ({ permit: "", neighbours: [] }),
    offer: async () => ({ received: 0, state: "uploading", reason: "" }),
    send: async ({ content: piece, sha256: hash }: SentPiece) => {
      if (piece !== undefined) sent.push(Buffer.from(piece));
      return { received: Buffer.concat(sent).length, state: hash === undefined ? "uploading" : "ready", reason: "" };
    },
    [Symbol.asyncDispose]: async () => {},
  };
  const context = {
    command: "c1",
    mounts,
    signal: new AbortController().signal,
    output: () => {},
    host: { hashFile, listFiles },
    data: {
      find: (name: string) => ({ data: { path: `${root}/`, takesData: true }, logs: { path: root } })[name],
      lookAt: (name: string) => void looked.push(name),
    },
    files: {
      clock,
      random: seededRandom(1),
      road,
      transfers: linuxTransfers([]),
      pace: new Pace({ windows: [] }, clock, () => clock.now()),
      parts: new PartFiles({ disk: new SimulatedDisk(), log: silentLog }),
      roots: [],
    },
  } as unknown as HandlerContext;
  const named = (path: string, source = "data") => ({ source, path, sha256 });
  return {
    ...folder,
    looked,
    sent,
    put: (path: string, source?: string) =>
      dataPut.run(v1.DataPutArguments.create({ ...named(path, source), bytes: content.length }), context),
    get: (path: string, source?: string) =>
      dataGet.run(v1.DataGetArguments.create({ ...named(path, source), maxBytes: 1_000 }), context),
    mount: (path: string, source?: string) =>
      dataMount.run(v1.DataMountArguments.create({ ...named(path, source), bytes: content.length }), context),
    unmount: (path: string) => dataDrop.run(v1.DataDropArguments.create({ ...named(path), isMounted: true }), context),
    drop: (path: string, source?: string) => dataDrop.run(v1.DataDropArguments.create(named(path, source)), context),
  };
}
const reasonOf = (outcome: object) => ("reason" in outcome ? outcome.reason : "");

test("a copy is put where data is taken, sent again, and taken away, and its source is looked at each time", async () => {
  await using machine = await aMachine();

  assert.deepEqual(await machine.put(copy), {
    result: { fetchedBytes: content.length, heldBytes: 0, neighbourBytes: 0 },
  });
  assert.deepEqual(await machine.read(copy), content);
  assert.deepEqual(await machine.put(copy), { result: { fetchedBytes: 0, heldBytes: 0, neighbourBytes: 0 } });
  assert.deepEqual(await machine.get(copy, "logs"), { result: { bytes: content.length, sentBytes: content.length } });
  assert.deepEqual(Buffer.concat(machine.sent), content);
  assert.deepEqual(await machine.drop(copy), { result: { hasChanged: true } });
  assert.deepEqual(await machine.drop(copy), { result: { hasChanged: false } });
  assert.deepEqual(await machine.names(), []);
  assert.deepEqual(machine.looked, ["data", "data", "data", "data"]);
});

test("a snapshot is taken where a database fills the source, and tells what came of it", async () => {
  const taken: Readonly<Record<string, Snapshotted>> = {
    shop: { name: "1.dump", bytes: 5, isKnown: false },
    down: { failure: "pg_dump ended with exit code 1" },
  };
  const data = {
    find: (name: string) => (name === "absent" ? undefined : { path: "/srv" }),
    snapshot: (name: string) => (taken[name] === undefined ? undefined : Promise.resolve(taken[name])),
  };
  const stop = new AbortController();
  const take = (source: string) =>
    dataSnapshot.run({ source } as never, { data, signal: stop.signal } as unknown as HandlerContext);

  assert.deepEqual(await take("shop"), { result: { path: "1.dump", bytes: 5, hasChanged: true } });
  assert.deepEqual(await take("down"), { reason: "failed", detail: "pg_dump ended with exit code 1" });
  assert.match(JSON.stringify(await take("logs")), /not-permitted.*is filled by no database; source-database here/);
  assert.match(JSON.stringify(await take("absent")), /not-found.*there is no data source/);
  stop.abort();
  data.snapshot = () => new Promise(() => {});
  assert.match(JSON.stringify(await take("shop")), /nobody waits for it any more/);
});

test("where a source takes no data, nothing is put and nothing taken away", async () => {
  await using machine = await aMachine();
  await machine.write(copy, content);

  assert.equal(reasonOf(await machine.put(copy, "logs")), "not-permitted");
  assert.equal(reasonOf(await machine.drop(copy, "logs")), "not-permitted");
  assert.equal(reasonOf(await machine.put(copy, "elsewhere")), "not-found");
  assert.deepEqual(await machine.read(copy), content);
});

test("what is something else by now is neither sent nor taken away", async () => {
  await using machine = await aMachine();
  await machine.write("a.pcap", "something else");

  assert.equal(reasonOf(await machine.get("a.pcap")), "changed");
  assert.equal(reasonOf(await machine.drop("a.pcap")), "changed");
  assert.deepEqual(machine.sent, []);
  assert.deepEqual(await machine.names(), ["a.pcap"]);
});

test("a name that leads out of the source, or is not that of a copy, is refused before anything is promised", () => {
  const wrong = (path: string) => dataPut.check?.(v1.DataPutArguments.create({ source: "data", path, sha256 }));

  for (const path of ["a.pcap", `../${copy}`, `sub/${copy}`, "", copy.slice(0, 16)])
    assert.match(wrong(path) ?? "", /^path: /, path);
  assert.equal(wrong(copy), undefined);
  assert.match(
    dataDrop.check?.(v1.DataDropArguments.create({ source: "data", path: "a/../b", sha256 })) ?? "",
    /^path/,
  );
});

test("data is mounted where a source takes data and the host lets it, under the name of a copy, and what lies there is never taken for it", async () => {
  const shown = new Map<string, string>();
  await using machine = await aMachine({
    add: async ({ name, sha256: hash }) => shown.size < shown.set(name, hash).size,
    remove: async ({ name }) => shown.delete(name),
  });
  await using without = await aMachine();
  await machine.put(copy);

  assert.deepEqual(await machine.mount(copy), { result: { hasChanged: true } });
  assert.deepEqual([...shown], [[copy, sha256.toString("hex")]]);
  assert.equal(reasonOf(await machine.mount(copy, "logs")), "not-permitted");
  assert.equal(reasonOf(await without.mount(copy)), "unsupported");
  assert.deepEqual(await machine.unmount(copy), { result: { hasChanged: true } });
  assert.deepEqual(await without.unmount(copy), { result: { hasChanged: false } });
  assert.deepEqual(await machine.read(copy), content);
  const wrong = dataMount.check?.(v1.DataMountArguments.create({ source: "data", path: `sub/${copy}`, sha256 }));
  assert.match(wrong ?? "", /^path: /);
});
