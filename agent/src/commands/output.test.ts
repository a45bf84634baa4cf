import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLog, systemClock } from "@edgemere/protocol/kit";
import { ManualClock } from "@edgemere/protocol/simulated";
import { programRunner } from "../host/linux/run.ts";
import type { Outbox } from "../link/outbox.ts";
import { CommandOutputSender, MOST_WAITING } from "./output.ts";

const MIB = 1024 ** 2;

/** An outbox that keeps nothing and counts; each append takes a moment. */
function aCountingOutbox() {
  const counted = { bytes: 0, records: 0, end: 0, isOrdered: true };
  const append: Outbox["append"] = async (_stream, body) => {
    await systemClock.sleep(0);
    const { offset = 0, content = new Uint8Array() } = body.commandOutput ?? {};
    counted.isOrdered &&= offset === counted.end;
    counted.end = offset + content.length;
    counted.bytes += content.length;
    counted.records += 1;
  };
  return { counted, outbox: { append } as Outbox };
}

test("a program that writes 100 MiB is held up by its outbox: all that is kept arrives in order, and never much is in memory", async () => {
  const { counted, outbox } = aCountingOutbox();
  const sender = new CommandOutputSender({ command: "c1", outbox, clock: systemClock, log: silentLog });
  let given = 0;
  let mostWaiting = 0;
  let heldUp = 0;

  const ended = await programRunner(systemClock)({
    argv: ["head", "-c", String(100 * MIB), "/dev/zero"],
    maxOutputBytes: 16 * MIB,
    onOutput: (channel, bytes) => {
      const room = sender.write(channel, bytes);
      given += bytes.length;
      mostWaiting = Math.max(mostWaiting, given - counted.bytes);
      if (room !== undefined) heldUp += 1;
      return room;
    },
  });
  await sender.end();

  assert.deepEqual([ended.exitCode, ended.outputBytes, ended.droppedBytes], [0, 16 * MIB, 84 * MIB]);
  assert.deepEqual([counted.bytes, counted.isOrdered], [16 * MIB, true]);
  assert.ok(heldUp > 0, "the program was never held up");
  // What waits, and one read of the pipe.
  assert.ok(mostWaiting <= MOST_WAITING + 128 * 1024, `${mostWaiting} bytes waited`);
});

test("what is written within a moment travels together, and a flood does not wait for the moment's end", async () => {
  const clock = new ManualClock(0);
  const { counted, outbox } = aCountingOutbox();
  const sender = new CommandOutputSender({ command: "c1", outbox, clock, log: silentLog });

  const few = [sender.write("stdout", Buffer.from("one\n")), sender.write("stdout", Buffer.from("two\n"))];
  await clock.advance(100);
  const room = sender.write("stdout", new Uint8Array(MOST_WAITING));
  await room;
  await sender.end();

  assert.deepEqual(few, [undefined, undefined]);
  assert.ok(room !== undefined);
  assert.deepEqual([counted.bytes, counted.records], [8 + MOST_WAITING, 1 + MOST_WAITING / (16 * 1024)]);
});
