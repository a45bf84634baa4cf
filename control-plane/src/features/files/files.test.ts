import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { DAY, HOUR, MINUTE } from "@edgemere/protocol/kit";
import { memoryDatabase } from "../../platform/database.ts";
import { Store } from "../../platform/store.ts";
import { decodeChunks, encodeChunks } from "@edgemere/protocol";
import { ManualClock } from "@edgemere/protocol/simulated";
import { contentOf, contentPiece, forgetContent, wholeOf } from "./content.ts";
import {
  createFile,
  destroyFile,
  file,
  findFile,
  finishFile,
  listFiles,
  PIECE_BYTES,
  readFile,
  SMALLEST_PIECE,
  writeFile,
} from "./contract.ts";
import { sha256Of, someBytes, startFiles, upload } from "./files.test-support.ts";
import { judgePiece } from "./piece.ts";

const limited = (permission: string, selector: string) => ({
  permissions: [],
  limited: [{ permission, selectors: [selector] }],
});

test("whatever pieces content is made of, every range of it is read as it was written", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 12 }),
      fc.nat(300),
      fc.integer({ min: 1, max: 300 }),
      async (pieces, from, limit) => {
        await using store = await Store.open(memoryDatabase(), new ManualClock());
        const whole = Buffer.concat(pieces);
        let at = 0;
        for (const bytes of pieces) {
          await store.commit(contentPiece("f", at, bytes));
          at += bytes.length;
        }
        await store.commit(contentPiece("g", 0, Buffer.from("another file's")));

        const range = await contentOf(store, "f", { from, limit });

        assert.deepEqual(range, whole.subarray(from, from + limit));
        const { chunks, ...of } = await wholeOf(store, "f");
        assert.deepEqual(of, { sha256: sha256Of(whole), bytes: whole.length });
        assert.deepEqual(decodeChunks(encodeChunks(chunks), whole.length), chunks);
        await forgetContent(store, "f");
        assert.equal((await contentOf(store, "f", { from: 0, limit: 10 })).length, 0);
        assert.equal((await contentOf(store, "g", { from: 0, limit: 7 })).toString(), "another");
      },
    ),
  );
});

test("what is uploaded in pieces is one file, is read as it was, and says so once at its beginning and once at its end", async () => {
  await using world = await startFiles();
  const bytes = someBytes(2 * PIECE_BYTES + 5);
  const before = world.store.lastNumber;

  const row = await upload(world, bytes);

  assert.deepEqual([row.state, row.sha256, row.bytes], ["ready", sha256Of(bytes), bytes.length]);
  const { content, next } = await world.call(readFile, { file: row.id, from: PIECE_BYTES - 1, limit: 3 });
  assert.deepEqual(Buffer.from(content, "base64"), bytes.subarray(PIECE_BYTES - 1, PIECE_BYTES + 2));
  assert.equal(next, PIECE_BYTES + 2);
  assert.deepEqual(await world.eventTypes(before), ["file.create", "file.uploading", "file.updated", "file.ready"]);
});

test("a piece counts when it is the next; one that is there already is said to be, and a hole, a crumb and too much are refused", () => {
  const place = { received: 100_000, bytes: 300_000 };
  const refusal = (from: number, length: number) => {
    try {
      return judgePiece(place, from, length);
    } catch (error) {
      return error instanceof Error ? error.message : "";
    }
  };

  assert.equal(refusal(100_000, SMALLEST_PIECE), "taken");
  assert.equal(refusal(100_000, 200_000), "taken");
  assert.equal(refusal(0, 100_000), "known");
  assert.equal(refusal(0, 0), "known");
  assert.match(refusal(100_001, SMALLEST_PIECE), /100000 bytes of the file are there: go on from there/);
  assert.match(refusal(50_000, 60_000), /go on from there, not from 50000/);
  assert.match(refusal(100_000, SMALLEST_PIECE - 1), /every piece but the last has at least 65536 bytes/);
  assert.match(refusal(100_000, 200_001), /the file has 300000 bytes, and this piece would end at 300001/);
});

test("an upload that was cut off goes on where it was, and a piece that is sent twice is there once", async () => {
  await using world = await startFiles();
  const bytes = someBytes(PIECE_BYTES + 1_000);
  const { id } = await world.call(createFile, { name: "a.bin", bytes: bytes.length });
  const send = (from: number, to: number) =>
    world.call(writeFile, { file: id, from, content: bytes.subarray(from, to).toString("base64") });
  await send(0, PIECE_BYTES);
  await send(0, PIECE_BYTES);

  const { received, state } = await world.call(findFile, { file: id });
  assert.deepEqual([received, state], [PIECE_BYTES, "uploading"]);
  await assert.rejects(world.call(finishFile, { file: id }), /393216 of 394216 bytes are there/);
  await assert.rejects(world.call(readFile, { file: id }), /is uploading, and cannot be read/);
  await send(received, bytes.length);

  assert.equal((await world.call(finishFile, { file: id })).sha256, sha256Of(bytes));
  await assert.rejects(send(0, PIECE_BYTES), /is ready, and takes no more content/);
});

test("content that is not what it was said to be makes no file, and does not stay", async () => {
  await using world = await startFiles();
  const { id } = await world.call(createFile, { name: "a", bytes: 3, sha256: sha256Of(Buffer.from("yes")) });
  await world.call(writeFile, { file: id, from: 0, content: Buffer.from("not").toString("base64") });

  const row = await world.call(finishFile, { file: id });

  assert.deepEqual([row.state, row.received], ["failed", 0]);
  assert.match(row.reason, /what came has the SHA-256 .+, and must have /);
  assert.equal((await contentOf(world.store, id, { from: 0, limit: 3 })).length, 0);
});

test("of hundreds of files that are begun at once each is one", async () => {
  await using world = await startFiles();
  const names = Array.from({ length: 150 }, (_, i) => `log-${i}`);

  const begun = await Promise.all(names.map((name) => world.call(createFile, { name, bytes: 1 })));

  assert.deepEqual(
    begun.map(({ name }) => name),
    names,
  );
});

test("there is room for so many bytes and no more, from the beginning of an upload to the end of the file", async () => {
  await using world = await startFiles();
  const all = 8 * 1024 ** 2;
  const { id } = await world.call(createFile, { name: "large", bytes: all });

  await assert.rejects(world.call(createFile, { name: "one more", bytes: 1 }), {
    type: "conflict",
    message: /there is room for 8388608 bytes of files, and with this one there would be 8388609/,
  });
  await world.call(destroyFile, { file: id });

  assert.equal((await world.call(createFile, { name: "one more", bytes: all })).state, "uploading");
});

test("a file goes when its time is over, and an upload that nobody went on with after a week", async () => {
  await using world = await startFiles();
  const whole = await upload(world, someBytes(10), { name: "whole" });
  const short = await world.call(createFile, { name: "short", bytes: 0, keep: 3_600 });
  await world.call(finishFile, { file: short.id });
  await world.call(createFile, { name: "left", bytes: 10 });
  const names = async () => (await world.call(listFiles, {})).items.map(({ name }) => name).toSorted();

  await world.advance(HOUR + 20 * MINUTE);
  assert.deepEqual(await names(), ["left", "whole"]);
  await world.advance(7 * DAY);
  assert.deepEqual(await names(), ["whole"]);
  await world.advance(24 * DAY);

  assert.deepEqual(await names(), []);
  assert.equal((await contentOf(world.store, whole.id, { from: 0, limit: 10 })).length, 0);
});

test("who may do so for some devices sees and makes files of those only", async () => {
  await using world = await startFiles();
  await upload(world, someBytes(1), { name: "for all" });
  await upload(world, someBytes(1), { name: "for berlin", device: "d1" });
  await upload(world, someBytes(1), { name: "for ulm", device: "d2" });

  const { items } = await world.call(listFiles, {}, limited("file:read", "site=berlin"));
  assert.deepEqual(
    items.map(({ name }) => name),
    ["for berlin"],
  );
  const reader = limited("file:content", "site=berlin");
  await assert.rejects(world.call(readFile, { file: "for ulm" }, reader), { type: "not-found" });
  await assert.rejects(world.call(readFile, { file: "for all" }, reader), { type: "not-found" });
  const writer = limited("file:write", "site=berlin");
  await assert.rejects(
    world.call(createFile, { name: "mine", bytes: 1 }, writer),
    /name the device that the file is for/,
  );
  await assert.rejects(world.call(createFile, { name: "mine", bytes: 1, device: "d2" }, writer), { type: "not-found" });
  assert.equal((await world.call(createFile, { name: "mine", bytes: 1, device: "d1" }, writer)).device, "d1");
});

test("while a file is destroyed nothing is added to it", async () => {
  await using world = await startFiles();
  const { id } = await world.call(createFile, { name: "a", bytes: 2 * SMALLEST_PIECE });
  const send = world.call(writeFile, { file: id, from: 0, content: someBytes(SMALLEST_PIECE).toString("base64") });

  await Promise.allSettled([send, world.call(destroyFile, { file: id })]);

  assert.equal(await world.store.get(file, id), undefined);
  assert.equal((await contentOf(world.store, id, { from: 0, limit: 1 })).length, 0);
});
