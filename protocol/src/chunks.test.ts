import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { Chunker, chunkBytes, chunksBehind, decodeChunks, encodeChunks, mostListBytes } from "./chunks.ts";

const MiB = 1024 ** 2;

/** Bytes that look like chance and are always the same. */
function someBytes(length: number, seed = 1): Buffer {
  const blocks = Array.from({ length: Math.ceil(length / 32) }, (_, i) =>
    createHash("sha256").update(`${seed} ${i}`).digest(),
  );
  return Buffer.concat(blocks).subarray(0, length);
}
const content = someBytes(4 * MiB);

function chunksOf(bytes: Uint8Array, pieces: readonly number[] = [bytes.length]) {
  const chunker = new Chunker();
  for (let [from, i] = [0, 0]; from < bytes.length; i++) {
    const end = from + (pieces[i % pieces.length] ?? 1);
    chunker.write(bytes.subarray(from, end));
    from = end;
  }
  return chunker.end();
}

test("content is cut alike, in whatever pieces it comes", () => {
  const whole = chunksOf(content);

  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1_000, max: MiB }), { minLength: 1, maxLength: 8 }), (pieces) => {
      assert.deepEqual(chunksOf(content, pieces), whole);
    }),
    { numRuns: 20 },
  );
});

test("chunks are the content without a hole, each with its hash and within its bounds", () => {
  const chunks = chunksOf(content);
  let from = 0;

  for (const [i, { sha256, bytes }] of chunks.entries()) {
    assert.equal(
      sha256,
      createHash("sha256")
        .update(content.subarray(from, from + bytes))
        .digest("hex"),
    );
    assert.ok(bytes <= chunkBytes.most && (bytes >= chunkBytes.least || i === chunks.length - 1), `${bytes}`);
    from += bytes;
  }
  assert.equal(from, content.length);
  assert.ok(from / chunks.length > 100_000 && from / chunks.length < 250_000, `${from / chunks.length} on average`);
});

test("what is inserted, removed or written over changes the chunks that it touches and no more than two after them", () => {
  const known = new Set(chunksOf(content).map(({ sha256 }) => sha256));
  const at = 1_500_000;

  for (const [what, changed] of [
    ["inserted", Buffer.concat([content.subarray(0, at), Buffer.from("some words"), content.subarray(at)])],
    ["removed", Buffer.concat([content.subarray(0, at), content.subarray(at + 1_000)])],
    ["written over", Buffer.concat([content.subarray(0, at), Buffer.alloc(50), content.subarray(at + 50)])],
  ] as const)
    assert.ok(chunksOf(changed).filter(({ sha256 }) => !known.has(sha256)).length <= 3, what);
});

test("content of one byte over and over is cut at the largest size", () => {
  const sizes = chunksOf(Buffer.alloc(MiB + 5)).map(({ bytes }) => bytes);

  assert.deepEqual(sizes, [chunkBytes.most, chunkBytes.most, 5]);
  assert.deepEqual(chunksOf(Buffer.alloc(0)), []);
});

test("the cuts are those of the protocol: another version of this program must find the same", () => {
  const chunks = chunksOf(content);

  assert.deepEqual(
    [chunks.length, createHash("sha256").update(encodeChunks(chunks)).digest("hex").slice(0, 16)],
    [31, "593cec19f8f895df"],
  );
});

test("a list comes back as it went, and one that cannot be of the content is refused with the reason", () => {
  const chunks = chunksOf(content);
  const list = encodeChunks(chunks);

  assert.deepEqual(decodeChunks(list, content.length), chunks);
  assert.deepEqual(decodeChunks(new Uint8Array(), 0), []);
  assert.ok(list.length <= mostListBytes(content.length));
  const wrong = (bytes: Uint8Array, of = content.length) => {
    try {
      decodeChunks(bytes, of);
      return "taken";
    } catch (error) {
      return (error as { reason?: string }).reason;
    }
  };
  assert.equal(wrong(list.subarray(1)), "malformed");
  assert.equal(wrong(list.subarray(36)), "out-of-range");
  assert.equal(wrong(list, content.length + 1), "out-of-range");
  const crumbs = encodeChunks([
    { sha256: "0".repeat(64), bytes: 1 },
    { sha256: "0".repeat(64), bytes: 1 },
  ]);
  assert.equal(wrong(crumbs, 2), "out-of-range");
  assert.equal(wrong(encodeChunks([{ sha256: "0".repeat(64), bytes: 2 ** 31 }]), 2 ** 31), "out-of-range");
});

test("from wherever a chunk ends the chunks behind it follow, and from anywhere else none does", () => {
  const chunks = chunksOf(someBytes(3_000_000));
  const list = encodeChunks(chunks);
  let from = 0;
  for (const [place, { bytes }] of chunks.entries()) {
    assert.deepEqual([...chunksBehind(list, from)], chunks.slice(place));
    assert.deepEqual([...chunksBehind(list, from + 1)], []);
    from += bytes;
  }
  assert.deepEqual([...chunksBehind(list, from)], []);
  assert.deepEqual([...chunksBehind(new Uint8Array(), 0)], []);
});
