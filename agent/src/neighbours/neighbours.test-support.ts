import { createHash, createPublicKey, generateKeyPairSync } from "node:crypto";
import { join } from "node:path";
import { Chunker, encodeChunks, privateKeyFromSeed, seal, v1, type Encodable } from "@edgemere/protocol";
import { MINUTE, silentLog, systemClock, systemRandom } from "@edgemere/protocol/kit";
import { SimulatedDisk } from "@edgemere/protocol/simulated";
import { timeBySystemClock } from "../clock/trusted-time.ts";
import { Pace } from "../commands/files/pace.ts";
import { PartFiles } from "../commands/files/part-files.ts";
import { filePut } from "../commands/handlers/file-put.ts";
import type { HandlerContext } from "../commands/handlers/handler.ts";
import type { ArrivingFile } from "./arriving.ts";
import type { FileTransfers } from "../host/file-transfers.ts";
import { transferFolder } from "../host/linux/transfer-folder.test-support.ts";
import { linuxTransfers } from "../host/linux/transfers.ts";
import { anAuthority } from "../link/certificates.test-support.ts";
import type { ContentRoad, Neighbour } from "../link/content-road.ts";
import { Giving } from "./giving.ts";
import { httpsNeighbourRoad } from "./taking.ts";

const blocks = Array.from({ length: 60_000 }, (_, i) => createHash("sha256").update(`${i}`).digest());
export const content = Buffer.concat(blocks);
const sha256 = createHash("sha256").update(content).digest();
const hash = sha256.toString("hex");
const chunker = new Chunker();
chunker.write(content);
export const chunks = chunker.end();
export const authority = anAuthority();
const signing = { keyId: "k1", privateKey: privateKeyFromSeed(new Uint8Array(32).fill(7)) };
const trust = () => ({ threshold: 1, keys: new Map([["k1", createPublicKey(signing.privateKey)]]) });
export const time = () => timeBySystemClock(systemClock.now());

export function anIdentity(name: string, by = authority, isForClients = true) {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return {
    trustDomain: "fleet.test",
    rootCertificate: authority.root,
    key: privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
    certificate: by.certify({ name, publicKey: publicKey.export({ format: "der", type: "spki" }), isForClients }),
    chain: [],
  };
}
export function permitFor(device: string, over: Encodable<typeof v1.NeighbourPermit> = {}): string {
  const permit = { trustDomain: "fleet.test", device, sha256, expiresAtMs: systemClock.now() + MINUTE, ...over };
  return Buffer.from(v1.SignedEnvelope.encode(seal("neighbourPermit", permit, signing)).finish()).toString("base64");
}
interface Holding {
  /** What it reads may be bent. */
  readonly bend?: (from: number, bytes: Uint8Array) => Uint8Array;
  /** It does not have the content, and this of it is on its way. */
  readonly coming?: ArrivingFile;
}

/** A device that holds the content and gives it. */
export async function aHolder(device: string, { bend = (_, bytes) => bytes, coming }: Holding = {}) {
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
    data: {
      holding: (wanted) => (wanted === hash && coming === undefined ? place : undefined),
    },
    arriving: { find: (wanted) => (wanted === hash ? coming : undefined) },
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
export async function aTaker(neighbours: readonly Neighbour[], over: Partial<ContentRoad> = {}) {
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
    ...over,
  };
  const context = {
    command: "c1",
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
    folder,
    read: () => folder.read("copy.bin"),
    put: (signal: AbortSignal = new AbortController().signal) =>
      filePut.run({ path, sha256, bytes: content.length, mode: 0, owner: "" } as never, { ...context, signal }),
    [Symbol.asyncDispose]: async () => {
      await wire[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** Where a put ended, in figures. */
export const resultOf = (outcome: object) => ("result" in outcome ? outcome.result : outcome) as Record<string, number>;
