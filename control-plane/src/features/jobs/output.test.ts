import assert from "node:assert/strict";
import { test } from "node:test";
import type { InputOf } from "../../platform/action.ts";
import { MINUTE } from "@edgemere/protocol/kit";
import { readOutput, type Command } from "./contract.ts";
import { aReport, ask, look, startJobs, type World } from "./jobs.test-support.ts";
import { KEPT_OUTPUT_BYTES } from "./output.ts";

const euro = Buffer.from("€");

/** A device that runs a program. */
async function aWorld() {
  const world = await startJobs();
  await world.hello("d1");
  const row = await ask(world, { kind: "exec", arguments: { argv: ["sh"] } });
  await world.report("d1", "result", aReport(row, "running"));
  return { world, row };
}
const aPiece = ({ id }: Command, offset: number, content: string | Uint8Array, channel = "stdout") => ({
  commandOutput: { command: id, channel, offset, content: Buffer.from(content as string) },
});
const write = (world: World, ...pieces: readonly ReturnType<typeof aPiece>[]) => world.report("d1", "log", ...pieces);
const read = (world: World, { job }: Command, over: Partial<InputOf<typeof readOutput>> = {}) =>
  world.call(readOutput, { job, ...over });
const textOf = ({ chunks }: Awaited<ReturnType<typeof read>>) => chunks.map(({ text }) => text).join("");
const end = (world: World, row: Command, outputBytes: number) =>
  world.report("d1", "result", aReport(row, "succeeded", { finishedAtMs: world.clock.now(), exec: { outputBytes } }));

test("what a command writes is read as it was written, channel by channel", async () => {
  const { world, row } = await aWorld();
  await using _ = world;

  await write(world, aPiece(row, 0, "one\n"), aPiece(row, 4, "oh\n", "stderr"), aPiece(row, 7, "two\n"));

  assert.deepEqual(await read(world, row), {
    chunks: [
      { offset: 0, channel: "stdout", text: "one\n" },
      { offset: 4, channel: "stderr", text: "oh\n" },
      { offset: 7, channel: "stdout", text: "two\n" },
    ],
    next: 11,
    dropped: 0,
    ended: false,
  });
  assert.equal((await look(world, row)).outputBytes, 11);
});

test("each byte is kept once: a piece that comes again, or speaks of what is there, is dropped", async () => {
  const { world, row } = await aWorld();
  await using _ = world;

  await write(world, aPiece(row, 0, "one"), aPiece(row, 0, "one"));
  await write(world, aPiece(row, 1, "XX"), aPiece(row, 3, "two"));
  await world.replay("d1", "log", aPiece(row, 0, "one"));

  assert.equal(textOf(await read(world, row)), "onetwo");
});

test("where output was lost the rest is read, and the hole shows in the positions", async () => {
  const { world, row } = await aWorld();
  await using _ = world;

  await write(world, aPiece(row, 0, "one"), aPiece(row, 10, "two"));

  const { chunks, next } = await read(world, row, { from: 1 });
  assert.deepEqual(
    chunks.map(({ offset, text }) => [offset, text]),
    [
      [1, "ne"],
      [10, "two"],
    ],
  );
  assert.equal(next, 13);
});

for (const [from, text, next] of [
  [0, "abcdefgh", 8],
  [2, "cdefgh", 8],
  [4, "efgh", 8],
  [7, "h", 8],
  [8, "", 8],
  [100, "", 100],
] as const) {
  test(`reading on at ${from} gives "${text}"`, async () => {
    const { world, row } = await aWorld();
    await using _ = world;
    await write(world, aPiece(row, 0, "abcd"), aPiece(row, 4, "efgh"));

    const page = await read(world, row, { from });

    assert.deepEqual([textOf(page), page.next], [text, next]);
  });
}

test("page by page everything is read once", async () => {
  const { world, row } = await aWorld();
  await using _ = world;
  await write(world, ...Array.from({ length: 10 }, (_each, i) => aPiece(row, i * 4, `${i}...`)));
  await end(world, row, 40);

  const first = await read(world, row, { limit: 16 });
  const second = await read(world, row, { from: first.next, limit: 16 });
  const third = await read(world, row, { from: second.next, limit: 16 });

  assert.deepEqual(
    [first, second, third].map((page) => [textOf(page), page.next, page.ended]),
    [
      ["0...1...2...3...", 16, false],
      ["4...5...6...7...", 32, false],
      ["8...9...", 40, true],
    ],
  );
});

test("a character that two pieces share is whole, also where the other channel speaks in between", async () => {
  const { world, row } = await aWorld();
  await using _ = world;

  await write(
    world,
    aPiece(row, 0, euro.subarray(0, 1)),
    aPiece(row, 1, "!", "stderr"),
    aPiece(row, 2, euro.subarray(1)),
  );

  const { chunks } = await read(world, row);
  assert.deepEqual(
    chunks.map(({ channel, text }) => [channel, text]),
    [
      ["stdout", ""],
      ["stderr", "!"],
      ["stdout", "€"],
    ],
  );
});

test("bytes that are no text are shown as U+FFFD", async () => {
  const { world, row } = await aWorld();
  await using _ = world;

  await write(world, aPiece(row, 0, Buffer.from([0x61, 0xff, 0x62])));

  assert.equal(textOf(await read(world, row)), "a\ufffdb");
});

test("output that comes after its command's result is waited for", async () => {
  const { world, row } = await aWorld();
  await using _ = world;
  await write(world, aPiece(row, 0, "one"));
  await end(world, row, 6);

  assert.equal((await read(world, row)).ended, false);
  await write(world, aPiece(row, 3, "two"));

  assert.deepEqual([textOf(await read(world, row)), (await read(world, row)).ended], ["onetwo", true]);
});

test("output that never comes is waited for a minute", async () => {
  const { world, row } = await aWorld();
  await using _ = world;
  await write(world, aPiece(row, 0, "one"));
  await end(world, row, 6);

  await world.advance(MINUTE);
  assert.equal((await read(world, row)).ended, false);
  await world.advance(1);

  assert.equal((await read(world, row)).ended, true);
});

test("a command that wrote nothing has ended with its result", async () => {
  const { world, row } = await aWorld();
  await using _ = world;
  await end(world, row, 0);

  assert.deepEqual(await read(world, row), { chunks: [], next: 0, dropped: 0, ended: true });
});

test("of a command that never said how it ended nothing more is expected", async () => {
  const { world, row } = await aWorld();
  await using _ = world;
  await write(world, aPiece(row, 0, "one"));
  await world.report("d1", "result", aReport(row, "failed", { reason: "agent-stopped" }));

  assert.deepEqual(await read(world, row), {
    chunks: [{ offset: 0, channel: "stdout", text: "one" }],
    next: 3,
    dropped: 0,
    ended: true,
  });
});

test("what goes over the kept size is dropped, and what lies below it stays", async () => {
  const { world, row } = await aWorld();
  await using _ = world;

  await write(world, aPiece(row, 0, "start"), aPiece(row, KEPT_OUTPUT_BYTES - 3, "end"));
  await write(world, aPiece(row, KEPT_OUTPUT_BYTES, "over"));

  const page = await read(world, row);
  assert.deepEqual([textOf(page), (await look(world, row)).outputBytes], ["startend", KEPT_OUTPUT_BYTES]);
});

test("a device cannot write into another device's command", async () => {
  const { world, row } = await aWorld();
  await using _ = world;

  await world.report("d2", "log", aPiece(row, 0, "forged"));

  assert.deepEqual((await read(world, row)).chunks, []);
  await assert.rejects(world.call(readOutput, { job: "nothing" }), { type: "not-found" });
});

test("a character that comes in two halves is whole for somebody who reads in between", async () => {
  const { world, row } = await aWorld();
  await using _ = world;
  await write(world, aPiece(row, 0, Buffer.concat([Buffer.from("5 "), euro.subarray(0, 1)])));

  const before = await read(world, row);
  await write(world, aPiece(row, 3, Buffer.concat([euro.subarray(1), Buffer.from("!")])));
  const after = await read(world, row, { from: before.next });

  assert.deepEqual([textOf(before), textOf(after), after.next], ["5 ", "€!", 6]);
});

test("half a character at the end of everything is shown as U+FFFD", async () => {
  const { world, row } = await aWorld();
  await using _ = world;
  await write(world, aPiece(row, 0, Buffer.concat([Buffer.from("5 "), euro.subarray(0, 2)])));
  await end(world, row, 4);

  const answer = await read(world, row);

  assert.deepEqual([textOf(answer), answer.next, answer.ended], ["5 \uFFFD", 4, true]);
});

test("who reads what a command wrote is told how much more there was than is kept", async () => {
  const { world, row } = await aWorld();
  await using _ = world;
  await write(world, aPiece(row, 0, "one\n"));
  const exec = { outputBytes: 4, droppedBytes: 96 };
  await world.report("d1", "result", aReport(row, "succeeded", { finishedAtMs: world.clock.now(), exec }));

  const { next, dropped, ended } = await read(world, row);

  assert.deepEqual([next, dropped, ended], [4, 96, true]);
});
