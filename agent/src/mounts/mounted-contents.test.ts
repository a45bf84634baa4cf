import assert from "node:assert/strict";
import { test } from "node:test";
import { MINUTE } from "@edgemere/protocol/kit";
import { ManualClock, seededRandom } from "@edgemere/protocol/simulated";
import { MountedContents } from "./mounted-contents.ts";
import { hashOf, holders } from "./mounts.test-support.ts";
import { Recent } from "./recent.ts";

const large = Buffer.from(seededRandom(7).bytes(1024 ** 2));
const small = Buffer.from("a few words");

function aReader(content = large) {
  const clock = new ManualClock();
  const world = holders([large, small], clock);
  const contents = new MountedContents(world.files);
  const named = { sha256: hashOf(content), bytes: content.length };
  return {
    ...world,
    clock,
    contents,
    read: async (from: number, to: number) => {
      const pieces: Uint8Array[] = [];
      for await (const piece of contents.read(named, from, to)) pieces.push(piece);
      return Buffer.concat(pieces);
    },
  };
}

for (const [what, from, to] of [
  ["the beginning", 0, 10],
  ["a piece over several chunks", 100_000, 700_000],
  ["the end", large.length - 5, large.length],
  ["all of it", 0, large.length],
] as const)
  test(`of mounted data ${what} is what stands there`, async () => {
    assert.deepEqual(await aReader().read(from, to), large.subarray(from, to));
  });

test("what is too small for a list of chunks is checked as a whole", async () => {
  assert.deepEqual(await aReader(small).read(2, 5), small.subarray(2, 5));
});

test("only the chunks that are read are fetched, each once, however many read it at once", async () => {
  const reader = aReader();

  await Promise.all([reader.read(0, 10), reader.read(5, 20), reader.read(0, 30)]);
  await reader.read(0, 10);

  assert.deepEqual(reader.asked, ["centre 0"]);
});

test("a chunk comes from a neighbour where one has it, and from the control plane where it is gone", async () => {
  const reader = aReader();
  reader.neighbour.gives = (bytes) => bytes;

  await reader.read(0, 10);
  reader.neighbour.gives = () => {
    throw new Error("it was killed");
  };

  assert.deepEqual(await reader.read(large.length - 5, large.length), large.subarray(-5));
  assert.deepEqual(
    reader.asked.map((each) => each.split(" ")[0]),
    ["neighbour", "neighbour", "centre"],
  );
});

test("a neighbour that lies costs one chunk, is told of and asked no more", async () => {
  const reader = aReader();
  reader.neighbour.gives = (bytes) => Buffer.alloc(bytes.length);

  assert.deepEqual(await reader.read(0, large.length), large);
  assert.deepEqual(reader.lied, ["n1"]);
  assert.equal(reader.asked.filter((each) => each.startsWith("neighbour")).length, 1);
});

for (const [what, gives] of [
  ["wrong", (bytes: Buffer) => Buffer.alloc(bytes.length)],
  ["none", () => Buffer.alloc(0)],
] as const)
  test(`where the control plane gives ${what} bytes of a chunk nobody sees one of them, and the next who reads asks again`, async () => {
    const reader = aReader();
    reader.centre.gives = gives;
    await assert.rejects(reader.read(0, 10), /are not those of/);

    reader.centre.gives = (bytes) => bytes;

    assert.deepEqual(await reader.read(0, 10), large.subarray(0, 10));
  });

test("whoever reads what nobody can give has an error after a minute", async () => {
  const reader = aReader();
  reader.centre.gives = () => {
    throw new Error("the line is cut");
  };
  const reading = assert.rejects(reader.read(0, 10), /stopped before all of the content was there/);

  await reader.clock.advance(2 * MINUTE);

  await reading;
});

test("of what was read the newest is kept, and never more than may be", async () => {
  const recent = new Recent<string>(6, (text) => text.length);
  let fetched = 0;
  const get = (key: string) => recent.get(key, async () => key.repeat(3 * Math.sign(++fetched)));

  for (const key of ["a", "b", "a", "c", "a"]) await get(key);
  assert.deepEqual([fetched, recent.weight], [3, 6]);
  await get("b");
  assert.deepEqual([fetched, recent.weight], [4, 6]);
  await recent.get("long", async () => "too long to be kept");
  assert.equal(recent.weight, 0);
});
