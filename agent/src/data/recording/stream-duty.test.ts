import assert from "node:assert/strict";
import { test } from "node:test";
import { MINUTE, SECOND, silentLog } from "@edgemere/protocol/kit";
import { ManualClock, seededRandom, SimulatedDisk } from "@edgemere/protocol/simulated";
import type { Host, Program, ProgramResult } from "../../host/host.ts";
import type { Condition, StreamPlan } from "./plan.ts";
import { StreamDuty } from "./stream-duty.ts";

const plan: StreamPlan = {
  kind: "stream",
  argv: ["/usr/bin/ups"],
  segment: { time: MINUTE, bytes: 64 * 1024 },
  keepBytes: 200,
  bytesPerSecond: 1_024,
};
// 2026-11-23T00:00:00Z.
const START = 1_795_392_000_000;
const source = { name: "ups", path: "/srv/ups" };

/** A host whose program does what the test says, and a directory in memory. */
function aWorld(run: (program: Program, life: number) => Promise<ProgramResult>) {
  const clock = new ManualClock(START);
  const disk = new SimulatedDisk();
  let lives = 0;
  const begun: number[] = [];
  const host = {
    killMarked: async () => 0,
    recordingFolder: async () => disk,
    listFiles: async () =>
      Promise.all(
        (await disk.list("")).map(async (name) => ({
          name,
          bytes: (await disk.read(name))?.length ?? 0,
          modifiedAt: clock.now(),
        })),
      ),
    run: (program: Program) => {
      begun.push(clock.monotonic());
      return run(program, lives++);
    },
  } as unknown as Host;
  const conditions: (Condition | undefined)[] = [];
  const env = { clock, random: seededRandom(1), disk: new SimulatedDisk(), log: silentLog };
  const stands = (condition: Condition | undefined) =>
    void (conditions.at(-1) !== condition && conditions.push(condition));
  const duty = new StreamDuty({ env, host, source, plan, mark: "data-ups", placed: () => {}, stands });
  return { clock, disk, begun, conditions, duty };
}

const bytes = (text: string) => new Uint8Array(Buffer.from(text));
const ended = (exitCode: number) => ({ exitCode, outputBytes: 0, droppedBytes: 0 });
const untilStopped = (signal: AbortSignal | undefined) =>
  new Promise<void>((resolve) => signal?.addEventListener("abort", () => resolve()));

test("a program that ends is started again, later and later, and why it ended is told with the next try", async () => {
  const { clock, begun, conditions, duty } = aWorld(async ({ onOutput }) => {
    await onOutput?.("stderr", bytes("a warning\nno \u001b[31msuch\u0007 port\n"));
    return ended(3);
  });
  await using _ = duty;
  duty.start();
  await clock.advance(30 * MINUTE);

  assert.equal(conditions[0]?.reason, "the program ended with exit code 3: a warning; no  [31msuch  port");
  assert.equal(conditions[0].nextTryAt, START + (begun[1] ?? 0));
  assert.ok(begun.length > 8 && begun.length < 60, `${begun.length} starts in half an hour`);
});

test("the condition goes when the program says something again", async () => {
  const { clock, disk, conditions, duty } = aWorld(async ({ onOutput, signal }, life) => {
    await onOutput?.("stdout", bytes(`life ${life}\n`));
    if (life === 0) return ended(1);
    await untilStopped(signal);
    return ended(0);
  });
  {
    await using _ = duty;
    duty.start();
    await clock.advance(MINUTE);
  }

  assert.deepEqual(
    conditions.map((each) => each?.reason),
    ["the program ended with exit code 1", undefined],
  );
  const names = await disk.list("");
  assert.equal(names.length, 2);
  assert.match(names[1] ?? "", /_1_gap\d+\.log$/);
});

test("a program that floods is held up, and the oldest segments go", async () => {
  let said = 0;
  const { clock, disk, duty } = aWorld(async ({ onOutput, signal }) => {
    for (;;) {
      if (signal?.aborted === true) return ended(0);
      await onOutput?.("stdout", bytes(`${"x".repeat(63)}\n`.repeat(16)));
      said += 1_024;
    }
  });
  {
    await using _ = duty;
    duty.start();
    await clock.advance(10 * MINUTE);
  }

  assert.ok(said >= 500 * 1_024 && said <= 700 * 1_024, `${said} bytes in ten minutes`);
  // Never more than one, which is larger than all that is kept.
  assert.equal((await disk.list("")).length, 1);
});

test("a disk that is full ends the program and is told; what stood there stays whole", async () => {
  const { clock, disk, conditions, duty } = aWorld(async ({ onOutput, signal }) => {
    await onOutput?.("stdout", bytes("a line\n"));
    if (signal?.aborted !== true) await untilStopped(signal);
    return ended(0);
  });
  disk.leaveRoom(2);
  await using _ = duty;
  duty.start();
  await clock.advance(SECOND);
  assert.match(conditions.at(-1)?.reason ?? "", /no space left/);

  disk.leaveRoom();
  await clock.advance(3 * MINUTE);

  const names = (await disk.list("")).filter((name) => name.endsWith(".log"));
  assert.equal(Buffer.from((await disk.read(names[0] ?? "")) ?? []).toString(), "a line\n");
  assert.equal(conditions.at(-1), undefined);
});
