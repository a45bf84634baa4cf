import assert from "node:assert/strict";
import { test } from "node:test";
import { HOUR, MINUTE, SECOND } from "@edgemere/protocol/kit";
import { ManualClock, SimulatedDisk } from "@edgemere/protocol/simulated";
import { ExitMarker, runStart, type RunMark } from "./exit-marker.ts";

const aMark = (over: Partial<RunMark> = {}): RunMark => ({ state: "starting", boot: "b1", earlyDeaths: 0, ...over });

for (const [what, former, lastExit, earlyDeaths, isSafeMode] of [
  ["nothing", undefined, "unknown", 0, false],
  ["a clean stop", aMark({ state: "clean", earlyDeaths: 9 }), "clean", 0, false],
  ["a death soon after the start", aMark(), "crash", 1, false],
  ["the fourth such death", aMark({ earlyDeaths: 3 }), "crash", 4, false],
  ["the fifth such death", aMark({ earlyDeaths: 4 }), "crash", 5, true],
  ["a death after a stable run", aMark({ state: "stable", earlyDeaths: 4 }), "crash", 0, false],
  ["a loss of power", aMark({ state: "stable", boot: "b0" }), "power", 0, false],
  ["a loss of power soon after the start", aMark({ boot: "b0", earlyDeaths: 4 }), "power", 5, true],
] as const) {
  test(`a start after ${what} is ${lastExit}, with ${earlyDeaths} early deaths`, () => {
    assert.deepEqual(runStart(former, "b1"), { lastExit, earlyDeaths, isSafeMode });
  });
}

/** Runs that end in the given ways; gives the marker of the run after them. */
async function after(ends: readonly ("clean" | number)[], disk = new SimulatedDisk()) {
  const clock = new ManualClock();
  for (const end of ends) {
    const marker = await ExitMarker.open({ disk, clock }, "b1");
    marker.start(() => {});
    if (end === "clean") await marker[Symbol.asyncDispose]();
    // A process that is gone marks nothing: its clock stands still.
    else await clock.advance(end);
  }
  return ExitMarker.open({ disk, clock }, "b1");
}

test("the fifth death in a row within a minute of the start leads to safe mode", async () => {
  assert.equal((await after([SECOND, SECOND, SECOND, SECOND])).isSafeMode, false);
  const marker = await after([SECOND, SECOND, SECOND, SECOND, SECOND]);

  assert.deepEqual([marker.isSafeMode, marker.safeModeDeaths, marker.lastExit], [true, 5, "crash"]);
});

test("a clean stop in between starts the count anew", async () => {
  assert.equal((await after([SECOND, SECOND, SECOND, "clean", SECOND, SECOND])).isSafeMode, false);
});

test("an hour of safe mode ends it, and what was left out is started then", async () => {
  const [disk, clock] = [new SimulatedDisk(), new ManualClock()];
  await disk.write("last-exit", Buffer.from(JSON.stringify(aMark({ earlyDeaths: 6 }))));
  const marker = await ExitMarker.open({ disk, clock }, "b1");
  let isOver = false;
  marker.start(() => (isOver = true));

  await clock.advance(HOUR - SECOND);
  assert.deepEqual([marker.isSafeMode, isOver], [true, false]);
  await clock.advance(2 * SECOND);

  assert.deepEqual([marker.isSafeMode, marker.safeModeDeaths, isOver], [false, 0, true]);
  assert.equal((await ExitMarker.open({ disk, clock }, "b1")).isSafeMode, false);
});

test("an agent that dies in safe mode comes back in safe mode, however long it lived there", async () => {
  const [disk, clock] = [new SimulatedDisk(), new ManualClock()];
  await disk.write("last-exit", Buffer.from(JSON.stringify(aMark({ earlyDeaths: 5 }))));
  (await ExitMarker.open({ disk, clock }, "b1")).start(() => {});
  await clock.advance(HOUR / 2);

  assert.equal((await ExitMarker.open({ disk, clock }, "b1")).isSafeMode, true);
});

test("a mark that makes no sense is no mark, and a disk that takes none lets the agent start", async () => {
  for (const text of ["", "clean", "{}", '{"state":"gone","boot":"b","earlyDeaths":1}', '{"state":"stable"}', "null"]) {
    const disk = new SimulatedDisk();
    await disk.write("last-exit", Buffer.from(text));
    assert.equal((await ExitMarker.open({ disk, clock: new ManualClock() }, "b1")).lastExit, "unknown", text);
  }
  const marker = await ExitMarker.open({ disk: new SimulatedDisk(1), clock: new ManualClock() }, "b1");
  assert.equal(marker.isSafeMode, false);
  await marker[Symbol.asyncDispose]();
});

test("a run that stops while it becomes stable ended cleanly", async () => {
  const [disk, clock] = [new SimulatedDisk(), new ManualClock()];
  const marker = await ExitMarker.open({ disk, clock }, "b1");
  marker.start(() => {});
  await clock.advance(MINUTE);
  await marker[Symbol.asyncDispose]();

  assert.equal((await ExitMarker.open({ disk, clock }, "b1")).lastExit, "clean");
});
