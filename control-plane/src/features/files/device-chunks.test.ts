import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { Chunker, decodeChunks, encodeChunks, type Chunk } from "@edgemere/protocol";
import { destroyFile, fetchChunks, fetchFile, offerChunks, sendFile } from "./contract.ts";
import { aCommand, asDevice, sha256Of, startFiles, upload, type World } from "./files.test-support.ts";

const MiB = 1024 ** 2;

function someBytes(length: number): Buffer {
  const blocks = Array.from({ length: Math.ceil(length / 32) }, (_, i) => createHash("sha256").update(`${i}`).digest());
  return Buffer.concat(blocks).subarray(0, length);
}
function chunksOf(content: Uint8Array): readonly Chunk[] {
  const chunker = new Chunker();
  chunker.write(content);
  return chunker.end();
}
const former = someBytes(2 * MiB);
const changed = Buffer.concat([former.subarray(0, MiB), Buffer.from("a word more"), former.subarray(MiB)]);

/** A device that sends `content` for its command as agents do: what is there already it leaves out. */
function sender(world: World, content: Buffer, command = "g1") {
  const said = { command, bytes: content.length, revision: "r1" };
  const as = asDevice("d1");
  const list = Buffer.from(encodeChunks(chunksOf(content)));
  return {
    offer: (over: object = {}) => world.call(offerChunks, { ...said, content: list.toString("base64"), ...over }, as),
    end: () => world.call(sendFile, { ...said, from: content.length, sha256: sha256Of(content) }, as),
    /** Sends the chunk that begins there. */
    send: (received: number) => {
      let from = 0;
      const next = chunksOf(content).find(({ bytes }) => (from += bytes) > received);
      const piece = content.subarray(received, received + (next?.bytes ?? 0)).toString("base64");
      return world.call(sendFile, { ...said, from: received, content: piece }, as);
    },
  };
}
const asked = (world: World, content: Buffer, id = "g1") =>
  aCommand(world, id, "data.get", { sha256: sha256Of(content), path: "a.bin", maxBytes: content.length });

test("a device learns the chunks of the content that its command names, in ranges, and another device does not", async () => {
  await using world = await startFiles();
  const { sha256 } = await upload(world, former);
  await aCommand(world, "c1", "data.put", { sha256 });
  const ask = (from: number, limit: number, of = "d1") =>
    world.call(fetchChunks, { command: "c1", from, limit }, asDevice(of));

  const whole = Buffer.from((await ask(0, 500_000)).content, "base64");

  assert.deepEqual(decodeChunks(whole, former.length), chunksOf(former));
  assert.deepEqual(Buffer.from((await ask(36, 10)).content, "base64"), whole.subarray(36, 46));
  assert.equal((await ask(whole.length, 10)).content, "");
  await assert.rejects(ask(0, 10, "d2"), { type: "forbidden" });
});

test("of content that has changed only the chunks that are new come, wherever the upload was cut off", async () => {
  await using world = await startFiles();
  await upload(world, former);
  await asked(world, changed);
  const known = new Set(chunksOf(former).map(({ sha256 }) => sha256));
  const { offer, send, end } = sender(world, changed);
  let sent = 0;

  let { received } = await offer();
  while (received < changed.length) {
    ({ received } = await send(received));
    // Whoever was killed begins with the list once more.
    ({ received } = await offer());
    sent += 1;
  }

  assert.equal(sent, chunksOf(changed).filter(({ sha256 }) => !known.has(sha256)).length);
  assert.ok(sent > 0 && sent <= 3, `${sent}`);
  assert.equal((await end()).state, "ready");
  await aCommand(world, "c1", "data.put", { sha256: sha256Of(changed) });
  const given = await world.call(fetchFile, { command: "c1", from: MiB - 5, limit: 30 }, asDevice("d1"));
  assert.deepEqual(Buffer.from(given.content, "base64"), changed.subarray(MiB - 5, MiB + 25));
});

test("chunks of a file that was destroyed are in no other's way, and nothing is left of what was known of them", async () => {
  await using world = await startFiles();
  const { id } = await upload(world, former);
  await world.call(destroyFile, { file: id });
  for await (const [key] of world.store.bytesBetween({ gte: "s", lt: "t" })) assert.doesNotMatch(key, /filechunk/);
  await asked(world, changed);

  assert.equal((await sender(world, changed).offer()).received, 0);
});

test("a list that is a lie makes no content: what it composes has another hash, and fails", async () => {
  await using world = await startFiles();
  await upload(world, former);
  await asked(world, changed);
  const list = Buffer.from(encodeChunks(chunksOf(former)));
  const { offer, end } = sender(world, changed);

  await assert.rejects(offer({ content: list.toString("base64") }), {
    type: "invalid-input",
    message: /no list of the file's/,
  });
  await assert.rejects(offer({ content: list.subarray(1).toString("base64") }), { type: "invalid-input" });
  const lie = chunksOf(former).slice(0, -1);
  const rest = changed.length - lie.reduce((sum, { bytes }) => sum + bytes, 0);
  const made = encodeChunks([...lie, { sha256: "0".repeat(64), bytes: rest }]);
  const { received } = await offer({ content: Buffer.from(made).toString("base64") });

  assert.equal(received, changed.length - rest);
  await assert.rejects(end(), { type: "conflict", message: /are there: send the others first/ });
});

test("a device may ask for no chunk of others where nobody named the content to it", async () => {
  await using world = await startFiles();
  await upload(world, former);
  await aCommand(world, "g1", "file.get", { path: "/srv/a", maxBytes: changed.length });

  await assert.rejects(sender(world, changed).offer(), { type: "forbidden" });
});
