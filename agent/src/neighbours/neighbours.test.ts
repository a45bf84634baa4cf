import assert from "node:assert/strict";
import { createHash, createPublicKey, generateKeyPairSync } from "node:crypto";
import { join } from "node:path";
import { test } from "node:test";
import { Chunker, encodeChunks, privateKeyFromSeed, seal, v1, type Encodable } from "@edgemere/protocol";
import { MINUTE, silentLog, systemClock, systemRandom } from "@edgemere/protocol/kit";
import { SimulatedDisk } from "@edgemere/protocol/simulated";
import { timeBySystemClock } from "../clock/trusted-time.ts";
import { Pace } from "../commands/files/pace.ts";
import { PartFiles } from "../commands/files/part-files.ts";
import { filePut } from "../commands/handlers/file-put.ts";
import type { HandlerContext } from "../commands/handlers/handler.ts";
import type { FileTransfers } from "../host/file-transfers.ts";
import { transferFolder } from "../host/linux/transfer-folder.test-support.ts";
import { linuxTransfers } from "../host/linux/transfers.ts";
import { anAuthority } from "../link/certificates.test-support.ts";
import type { ContentRoad, Neighbour } from "../link/content-road.ts";
import { Giving } from "./giving.ts";
import { httpsNeighbourRoad } from "./taking.ts";

const blocks = Array.from({ length: 60_000 }, (_, i) => createHash("sha256").update(`${i}`).digest());
const content = Buffer.concat(blocks);
const sha256 = createHash("sha256").update(content).digest();
const hash = sha256.toString("hex");
const chunker = new Chunker();
chunker.write(content);
const chunks = chunker.end();
const authority = anAuthority();
const signing = { keyId: "k1", privateKey: privateKeyFromSeed(new Uint8Array(32).fill(7)) };
const trust = () => ({ threshold: 1, keys: new Map([["k1", createPublicKey(signing.privateKey)]]) });
const time = () => timeBySystemClock(systemClock.now());

function anIdentity(name: string, by = authority, isForClients = true) {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return {
    trustDomain: "fleet.test",
    rootCertificate: authority.root,
    key: privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
    certificate: by.certify({ name, publicKey: publicKey.export({ format: "der", type: "spki" }), isForClients }),
    chain: [],
  };
}
function permitFor(device: string, over: Encodable<typeof v1.NeighbourPermit> = {}): string {
  const permit = { trustDomain: "fleet.test", device, sha256, expiresAtMs: systemClock.now() + MINUTE, ...over };
  return Buffer.from(v1.SignedEnvelope.encode(seal("neighbourPermit", permit, signing)).finish()).toString("base64");
}
/** A device that holds the content and gives it; what it reads may be bent. */
async function aHolder(device: string, bend: (from: number, bytes: Uint8Array) => Uint8Array = (_, bytes) => bytes) {
  const folder = await transferFolder();
  await folder.write("a.bin", content);
  const asked: number[] = [];
  const transfers: FileTransfers = {
    ...linuxTransfers([]),
    open: async (place) => {
      const file = await linuxTransfers([]).open(place);
      return {
        bytes: file.bytes,
        revision: file.revision,
        isUnchanged: () => file.isUnchanged(),
        read: async (from, limit) => {
          asked.push(from);
          return bend(from, await file.read(from, limit));
        },
        [Symbol.asyncDispose]: () => file[Symbol.asyncDispose](),
      };
    },
  };
  const place = { path: join(folder.root, "a.bin"), roots: [folder.root], bytes: content.length };
  const identity = anIdentity(device);
  const giving = new Giving({
    address: { host: "127.0.0.1", port: 0 },
    pace: new Pace({ windows: [] }, systemClock, () => systemClock.now()),
    identity: () => identity,
    transfers,
    data: { holding: (wanted) => (wanted === hash ? place : undefined) },
    trust,
    time,
    correctedNow: () => systemClock.now(),
    clock: systemClock,
    log: silentLog,
  });
  const port = await giving.start();
  return {
    named: { device, address: `127.0.0.1:${port}` } satisfies Neighbour,
    giving,
    asked,
    [Symbol.asyncDispose]: async () => {
      await giving[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** A device "d1" that puts the content in place, with these neighbours and a control plane that counts what it gives. */
async function aTaker(neighbours: readonly Neighbour[]) {
  const folder = await transferFolder();
  const own = anIdentity("d1");
  const wire = httpsNeighbourRoad({ identity: () => own, time, clock: systemClock });
  const given: number[] = [];
  const lies: string[] = [];
  const road: ContentRoad = {
    fetch: async ({ from, limit }) => {
      given.push(limit);
      return content.subarray(from, from + limit);
    },
    chunks: async ({ from, limit }) => encodeChunks(chunks).subarray(from, from + limit),
    neighbours: async () => ({ permit: permitFor("d1"), neighbours }),
    offer: async () => ({ received: 0, state: "uploading", reason: "" }),
    send: async () => ({ received: 0, state: "uploading", reason: "" }),
    [Symbol.asyncDispose]: async () => {},
  };
  const context = {
    command: "c1",
    signal: new AbortController().signal,
    output: () => {},
    files: {
      clock: systemClock,
      random: systemRandom,
      log: silentLog,
      road,
      neighbours: wire,
      lied: (device: string, detail: string) => void lies.push(`${device}: ${detail}`),
      transfers: linuxTransfers([]),
      pace: new Pace({ windows: [] }, systemClock, () => systemClock.now()),
      parts: new PartFiles({ disk: new SimulatedDisk(), log: silentLog }),
      roots: [folder.root],
    },
  } as unknown as HandlerContext;
  const path = join(folder.root, "copy.bin");
  return {
    given,
    lies,
    read: () => folder.read("copy.bin"),
    put: () => filePut.run({ path, sha256, bytes: content.length, mode: 0, owner: "" } as never, context),
    [Symbol.asyncDispose]: async () => {
      await wire[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}
const resultOf = (outcome: object) => ("result" in outcome ? outcome.result : outcome) as Record<string, number>;

test("a device that has the permit fetches all of a content from the device beside it, and nothing from afar", async () => {
  await using holder = await aHolder("d2");
  await using taker = await aTaker([holder.named]);

  const { neighbourBytes, fetchedBytes } = resultOf(await taker.put());

  assert.deepEqual([neighbourBytes, fetchedBytes, taker.given, taker.lies], [content.length, 0, [], []]);
  assert.deepEqual(await taker.read(), content);
});

test("T23 a neighbour that gives wrong bytes costs one chunk: it is told of, asked no more, and the chunk comes from elsewhere", async () => {
  const wrongFrom = chunks.slice(0, 3).reduce((sum, { bytes }) => sum + bytes, 0);
  await using liar = await aHolder("liar", (from, bytes) => (from < wrongFrom ? bytes : Buffer.alloc(bytes.length)));
  await using honest = await aHolder("d2");
  await using taker = await aTaker([liar.named, honest.named]);

  const { neighbourBytes, fetchedBytes } = resultOf(await taker.put());

  assert.deepEqual(await taker.read(), content);
  assert.deepEqual([neighbourBytes, fetchedBytes], [content.length, 0]);
  assert.equal(liar.asked.length, 4);
  assert.equal(honest.asked.length, chunks.length - 3);
  assert.equal(taker.lies.length, 1);
  assert.match(taker.lies[0] ?? "", /^liar: the device liar gave \d+ wrong bytes in place of \d+ from \d+ on$/);
});

test("where neighbours lie, are not there or are other devices than was said, the content comes from the control plane", async () => {
  await using liar = await aHolder("liar", (_, bytes) => bytes.subarray(1));
  await using other = await aHolder("d3");
  const gone = await aHolder("d4");
  await gone[Symbol.asyncDispose]();
  await using taker = await aTaker([{ ...other.named, device: "d2" }, gone.named, liar.named]);

  const { neighbourBytes, fetchedBytes } = resultOf(await taker.put());

  assert.deepEqual(await taker.read(), content);
  assert.deepEqual([neighbourBytes, fetchedBytes, other.asked], [0, content.length, []]);
});

test("whoever has no permit for a content is given nothing of it, and is counted under the reason", async () => {
  await using holder = await aHolder("d2");
  const ask = { permit: permitFor("d1"), from: 0, limit: 100 };
  const tryAs = async (own: ReturnType<typeof anIdentity>, over: Partial<typeof ask> = {}) => {
    await using wire = httpsNeighbourRoad({ identity: () => own, time, clock: systemClock });
    return await wire.fetch(holder.named, { ...ask, ...over }, new AbortController().signal).then(
      (bytes) => bytes.length,
      (error: Error) => error.message,
    );
  };
  const d1 = anIdentity("d1");

  assert.equal(await tryAs(d1), 100);
  assert.match(String(await tryAs(anIdentity("d1", anAuthority()))), /status 401/);
  assert.match(String(await tryAs(anIdentity("d1", authority, false))), /status 401/);
  assert.match(String(await tryAs(anIdentity("d9"))), /status 403/);
  assert.match(
    String(await tryAs(d1, { permit: permitFor("d1", { expiresAtMs: systemClock.now() - 1 }) })),
    /status 403/,
  );
  assert.match(String(await tryAs(d1, { permit: permitFor("d1", { trustDomain: "another" }) })), /status 403/);
  assert.match(String(await tryAs(d1, { permit: "bm90aGluZw==" })), /status 403/);
  assert.match(String(await tryAs(d1, { permit: permitFor("d1", { sha256: Buffer.alloc(32) }) })), /status 404/);
  assert.match(String(await tryAs(d1, { from: content.length })), /status 404/);
  assert.match(String(await tryAs(d1, { limit: 10 ** 9 })), /status 400/);
  assert.match(String(await tryAs(d1, { permit: "x".repeat(10_000) })), /status 400/);
  assert.deepEqual(holder.giving.refused, { stranger: 2, "not-permitted": 3, expired: 1, "not-here": 2, malformed: 2 });
  assert.deepEqual(holder.asked, [0]);
});
