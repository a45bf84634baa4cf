import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { objectStoresAt, ObjectStoreError, sealingWith, type BucketPlace, type Upload } from "@edgemere/control-plane";
import { MINUTE, systemClock } from "@edgemere/protocol/kit";
import { seededRandom } from "@edgemere/protocol/simulated";
import { someContent } from "../world/files.ts";
import { startObjectServer } from "../world/object-server.ts";
import { eventually, startWorld } from "../world/world.ts";

const sealing = sealingWith(new Uint8Array(32).fill(3), seededRandom(1));
const hashOf = (content: Uint8Array) => createHash("sha256").update(content).digest("hex");
const clockAhead = (ms: number) => ({
  now: () => systemClock.now() + ms,
  monotonic: () => systemClock.monotonic(),
  sleep: (pause: number, signal?: AbortSignal) => systemClock.sleep(pause, signal),
});

/** An object store with the bucket "samples", and how it is asked by somebody whose clock is that much ahead. */
async function startStore({ ahead = 0, partBytes = 16 * 1024 ** 2 } = {}) {
  const server = await startObjectServer();
  const { endpoint } = server;
  const stores = objectStoresAt([endpoint], { clock: clockAhead(ahead), sealing, partBytes });
  const place = { endpoint, bucket: "samples", region: "us-east-1", accessKey: "S3RVER", secretKey: "S3RVER" };
  return {
    endpoint,
    bucket: (over: Partial<BucketPlace> = {}) => stores.open({ ...place, ...over }),
    [Symbol.asyncDispose]: async () => {
      await stores[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

async function* inParts(content: Uint8Array, size: number) {
  for (let from = 0; from < content.length; from += size) yield content.subarray(from, from + size);
}
const written = (content: Uint8Array) => ({
  bytes: content.length,
  sha256: hashOf(content),
  pieces: (from: number, to: number) => inParts(content.subarray(from, to), 7_000),
});
const atOnce = { begun: undefined, told: async () => {} };
async function all(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const each of pieces) parts.push(each);
  return Buffer.concat(parts);
}

test("what is put into a bucket is listed, found with its hash, and read from any byte on", async () => {
  await using store = await startStore();
  const bucket = store.bucket();
  const content = Buffer.alloc(100_000, "edge");

  await bucket.write("dir/ä +?.bin", written(content), atOnce);

  const { objects, isLast } = await bucket.list({ prefix: "dir/", after: "" });
  assert.deepEqual([objects.map(({ key, bytes }) => [key, bytes]), isLast], [[["dir/ä +?.bin", 100_000]], true]);
  const found = await bucket.find("dir/ä +?.bin");
  assert.deepEqual([found?.sha256, found?.revision, found?.tags], [hashOf(content), objects[0]?.revision, {}]);
  const object = { key: "dir/ä +?.bin", revision: objects[0]?.revision ?? "" };
  assert.ok((await all(bucket.read(object, 0))).equals(content));
  assert.ok((await all(bucket.read(object, 99_990))).equals(content.subarray(99_990)));
});

test("a large object is put in parts, goes on behind the last one when it breaks off, and is found with its hash", async () => {
  await using store = await startStore({ partBytes: 100_000 });
  const bucket = store.bucket();
  const content = someContent(950_000);
  let upload: Upload | undefined;
  const asked: number[] = [];
  const uploading = () => ({ begun: upload, told: async (now: Upload | undefined) => void (upload = now) });
  const breaking = {
    ...written(content),
    pieces: (from: number, to: number) => {
      asked.push(from);
      if (asked.length === 4) throw new ObjectStoreError("it broke off");
      return inParts(content.subarray(from, to), 7_000);
    },
  };

  await assert.rejects(bucket.write("large", breaking, uploading()), /it broke off/);
  assert.equal(await bucket.find("large"), undefined);
  await bucket.write("large", breaking, uploading());

  assert.deepEqual(
    asked,
    [0, 1, 2, 3, 3, 4, 5, 6, 7, 8, 9].map((part) => part * 100_000),
  );
  const found = await bucket.find("large");
  assert.deepEqual([found?.bytes, found?.sha256], [950_000, hashOf(content)]);
  assert.ok((await all(bucket.read({ key: "large", revision: found?.revision ?? "" }, 0))).equals(content));
});

/** A store that answers as it is told to, and the questions that it was asked. */
async function startScripted(answers: (question: string) => readonly [status: number, text: string, etag?: string]) {
  const questions: string[] = [];
  const server = createServer((request, response) => {
    request.resume().on("end", () => {
      const question = `${request.method ?? ""} ${request.url ?? ""}`;
      questions.push(question);
      const [status, text, etag] = answers(question);
      response.writeHead(status, etag === undefined ? {} : { etag }).end(text);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const stores = objectStoresAt([endpoint], { clock: systemClock, sealing, partBytes: 10 });
  return {
    questions,
    bucket: stores.open({ endpoint, bucket: "samples", region: "us-east-1", accessKey: "a", secretKey: "b" }),
    [Symbol.asyncDispose]: async () => {
      await stores[Symbol.asyncDispose]();
      server.closeAllConnections();
      server.close();
    },
  };
}

test("an upload that its store has forgotten begins anew, and one that is given up is told to its store", async () => {
  await using store = await startScripted((question) => {
    if (question.startsWith("DELETE")) return [204, ""];
    return [404, question.startsWith("HEAD") ? "" : "<Error><Code>NoSuchUpload</Code></Error>"];
  });
  const told: (Upload | undefined)[] = [];
  const uploading = {
    begun: { id: "u 1", parts: ["p"] },
    told: async (now: Upload | undefined) => void told.push(now),
  };

  await assert.rejects(store.bucket.write("k", written(someContent(50)), uploading), /begins anew/);
  await store.bucket.abandon("k", { id: "u 1", parts: [] });

  assert.deepEqual(told, [undefined]);
  assert.deepEqual(store.questions, [
    "PUT /samples/k?partNumber=2&uploadId=u+1",
    "HEAD /samples/k",
    "DELETE /samples/k?uploadId=u+1",
  ]);
});

test("an upload whose parts its store does not put together is given up and begins anew", async () => {
  await using store = await startScripted((question) => {
    if (question.startsWith("POST")) return [400, "<Error><Code>InvalidPart</Code></Error>"];
    return question.startsWith("DELETE") ? [204, ""] : [404, ""];
  });
  const told: (Upload | undefined)[] = [];
  const uploading = {
    begun: { id: "u", parts: ["p1", "p2", "p3", "p4", "p5"] },
    told: async (now: Upload | undefined) => void told.push(now),
  };

  await assert.rejects(store.bucket.write("k", written(someContent(50)), uploading), /begins anew/);

  assert.deepEqual(told, [undefined]);
  assert.deepEqual(store.questions, ["POST /samples/k?uploadId=u", "DELETE /samples/k?uploadId=u", "HEAD /samples/k"]);
});

test("content that its store does not read to the end is let go of", async () => {
  const server = createServer((request) => request.once("data", () => request.socket.destroy()));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await using stores = objectStoresAt([endpoint], { clock: systemClock, sealing });
  const bucket = stores.open({ endpoint, bucket: "samples", region: "us-east-1", accessKey: "a", secretKey: "b" });
  const content = someContent(32 * 1024 ** 2);
  const ends: string[] = [];
  async function* pieces() {
    let end = "let go of";
    try {
      yield* inParts(content, 64 * 1024);
      end = "read to its end";
    } finally {
      ends.push(end);
    }
  }

  await assert.rejects(bucket.write("k", { ...written(content), pieces }, atOnce), ObjectStoreError);

  await eventually(async () => ends.length > 0, "the end of the content", 10_000);
  assert.deepEqual(ends, ["let go of"]);
  server.close();
});

test("a store that fails after it began to say that all is well is not believed", async () => {
  await using store = await startScripted((question) => {
    if (question.startsWith("PUT")) return [200, "", '"p"'];
    if (question.includes("uploads="))
      return [200, "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>"];
    return [200, '  \n<?xml version="1.0"?><Error><Code>InternalError</Code></Error>'];
  });

  await assert.rejects(store.bucket.write("k", written(someContent(50)), atOnce), /together: InternalError/);
});

test("an object that was removed is found no more, and removing it again is no mistake", async () => {
  await using store = await startStore();
  const bucket = store.bucket();
  await bucket.write("a", written(Buffer.from("a")), atOnce);

  await bucket.remove("a");
  await bucket.remove("a");

  assert.equal(await bucket.find("a"), undefined);
});

test("what was replaced since it was listed is not read as if it were the same", async () => {
  await using store = await startStore();
  const bucket = store.bucket();
  await bucket.write("a", written(Buffer.from("before")), atOnce);
  const [object] = (await bucket.list({ prefix: "", after: "" })).objects;
  await bucket.write("a", written(Buffer.from("after!")), atOnce);

  await assert.rejects(all(bucket.read(object ?? { key: "", revision: "" }, 0)), /another one by now/);
});

for (const [what, over, words] of [
  ["an access key that nobody knows", { accessKey: "NOBODY" }, /knows no access key "NOBODY"; register it again/],
  ["a wrong secret key", { secretKey: "WRONG" }, /the secret key is not that of the access key "S3RVER"/],
  ["a bucket that does not exist", { bucket: "nowhere" }, /there is no bucket "nowhere"; make it/],
] as const) {
  test(`${what} is told in words that say what to do, and never with the secret`, async () => {
    await using store = await startStore();

    await assert.rejects(store.bucket(over).list({ prefix: "", after: "" }), (error: Error) => {
      assert.match(error.message, words);
      assert.ok(!error.message.includes("WRONG"));
      return true;
    });
  });
}

test("a clock that is wrong is told with how much, for whatever is asked", async () => {
  await using store = await startStore({ ahead: 20 * MINUTE });
  const bucket = store.bucket();

  await assert.rejects(bucket.list({ prefix: "", after: "" }), /its clock is (19|20|21) minutes behind/);
  await assert.rejects(bucket.find("a"), /its clock is (19|20|21) minutes behind/);
});

test("nobody is asked whose endpoint was not allowed", async () => {
  await using store = await startStore();

  assert.throws(
    () => store.bucket({ endpoint: "http://169.254.169.254" }),
    /may be asked; allow it with --object-store/,
  );
});

test("who sends us elsewhere gets neither the signature nor content there, and who answers nonsense is told of", async () => {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? "");
    if (request.url?.startsWith("/samples/") === true) response.end("<html><body>hello</body></html>");
    else response.writeHead(307, { location: "/elsewhere" }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await using stores = objectStoresAt([endpoint], { clock: systemClock, sealing });
  const place = { endpoint, region: "us-east-1", accessKey: "a", secretKey: "b" };

  const list = { prefix: "", after: "" };
  await assert.rejects(stores.open({ ...place, bucket: "other" }).list(list), /it answered 307/);
  await assert.rejects(
    stores.open({ ...place, bucket: "samples" }).list(list),
    /it answered 307|something else than a list/,
  );

  assert.ok(!asked.includes("/elsewhere"));
  await new Promise((resolve) => server.close(resolve));
});

test("a secret key is sealed for its source, and opens for no other", () => {
  const stores = objectStoresAt([], { clock: systemClock, sealing });
  const sealed = stores.seal("SECRET", "source-1");

  assert.equal(stores.unseal(sealed, "source-1"), "SECRET");
  assert.throws(() => stores.unseal(sealed, "source-2"), /register it again/);
});

test("objects of a real bucket are found and brought to a real agent, though the control plane is killed meanwhile", async () => {
  await using store = await startStore();
  const content = someContent(6 * 1024 ** 2);
  await store.bucket().write("captures/one.pcap", written(content), atOnce);
  await using world = await startWorld({ controlPlane: { flags: [`--object-store=${store.endpoint}`] } });
  const { client, folder, controlPlane } = world;
  const directory = join(folder, "data-of-gw1");
  await mkdir(directory);
  await world.enrolAgent("gw1", ["--source", `data=${directory}`, "--source-takes", "data"]);
  const place = { endpoint: store.endpoint, bucket: "samples", accessKey: "S3RVER" };
  const register = (secretKey: string) =>
    client.call("diml/dml/fmdm/objectstore/register", { name: "lab", ...place, secretKey });
  const source = () => client.call("diml/dml/fmdm/datasource/find", { id: "lab" });

  await register("A-VERY-WRONG-SECRET");
  const suspended = await eventually(async () => {
    const row = await source();
    return row.failure.includes("secret key") ? row : undefined;
  }, "the wrong secret to be told of");
  assert.deepEqual([suspended.state, suspended.nextTryAt !== undefined], ["suspended", true]);

  await register("S3RVER");
  await eventually(
    async () => (await client.call("diml/dml/fmdm/query", { expression: "source:lab" })).items.length === 1,
    "the object to be found",
  );
  await eventually(
    async () => (await client.call("diml/dml/fmdm/datasource/list", { device: "gw1" })).items.length === 1,
    "the agent to offer its directory",
  );
  await client.call("diml/find", { query: "source:lab", device: "gw1", name: "bring", lifetime: 3_600 });
  await controlPlane.kill();
  await controlPlane.start();

  await eventually(
    async () =>
      (await client.call("diml/dml/do/datarequest/explain", { request: "bring" })).request.state === "satisfied",
    "the object to stand on the device",
  );
  const [copy = ""] = (await readdir(directory)).filter((each) => each.endsWith("-one.pcap"));
  assert.equal(hashOf(await readFile(join(directory, copy))), hashOf(content));
  const kept = await filesBelow(join(folder, "control-plane"));
  assert.ok(kept.length > 5);
  for (const each of kept) assert.ok(!(await readFile(each)).includes("VERY-WRONG-SECRET"), each);
});

async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries.filter((each) => each.isFile()).map(({ parentPath, name }) => join(parentPath, name));
}
