import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { test } from "node:test";
import { OutputPipe } from "./output-pipe.ts";

test("what is written at the far end is taken, and its end is told", async () => {
  let text = "";
  using pipe = await OutputPipe.open((bytes) => void (text += Buffer.from(bytes).toString()));

  pipe.far.end("all of it");
  await pipe.closed;

  assert.equal(text, "all of it");
});

test("nothing is read while the one who takes has no room", async () => {
  let taken = 0;
  let isFull = true;
  let makeRoom = () => {};
  const room = new Promise<void>((resolve) => (makeRoom = resolve));
  using pipe = await OutputPipe.open((bytes) => {
    taken += bytes.length;
    return isFull ? room : undefined;
  });

  pipe.far.end(Buffer.alloc(4 * 1024 ** 2));
  const before = await new Promise<number>((resolve) => setImmediate(() => setImmediate(() => resolve(taken))));
  isFull = false;
  makeRoom();
  await pipe.closed;

  assert.ok(before <= 64 * 1024, `${before} bytes were taken`);
  assert.equal(taken, 4 * 1024 ** 2);
});

test("all that is read is read into the same memory", async () => {
  const places = new Set<ArrayBufferLike>();
  const take = (bytes: Uint8Array) => void places.add(bytes.buffer);
  using one = await OutputPipe.open(take);
  using other = await OutputPipe.open(take);

  for (const { far } of [one, other]) far.end(Buffer.alloc(1024 ** 2));
  await Promise.all([one.closed, other.closed]);

  assert.equal(places.size, 1);
});

test("who connects to the name of a pipe before the agent does is nobody's output", async () => {
  let text = "";
  const opening = OutputPipe.open((bytes) => void (text += Buffer.from(bytes).toString()));
  // The name is there as soon as it is asked for, and the agent connects in a later turn.
  const name = /@(edgemere-output-[0-9a-f]+)/.exec(readFileSync("/proc/net/unix", "latin1"))?.[1];
  assert.ok(name !== undefined);
  const stranger = connect({ path: `\0${name}` }).on("error", () => {});
  const isStrangerGone = new Promise((resolve) => stranger.once("close", resolve));
  stranger.resume().write("false");
  using pipe = await opening;

  pipe.far.end("true");
  await pipe.closed;
  await isStrangerGone;

  assert.equal(text, "true");
});
