import assert from "node:assert/strict";
import { test } from "node:test";
import { MINUTE, SECOND, silentLog } from "@edgemere/protocol/kit";
import { ManualClock } from "@edgemere/protocol/simulated";
import type { Mark, Slot, Trial, TrialEnd } from "./trial.ts";
import { watchOver, type RunningAgent, type WatchedFolder } from "./watcher.ts";

/** A folder of releases in memory, which may lose its power before any of its writes. */
class Folder implements WatchedFolder {
  current: Slot = "base";
  isTrial: Trial | undefined = {
    command: "c1",
    from: "base",
    to: "a",
    before: "1.0.0",
    version: "1.1.0",
    startWithin: 60 * SECOND,
    confirmWithin: 60 * MINUTE,
    starts: 0,
    deaths: 0,
    spent: 0,
  };
  isMark: Mark | undefined;
  readonly over: TrialEnd[] = [];
  /** Writes until nothing is written any more. */
  writesLeft = Infinity;

  async trial() {
    return this.isTrial;
  }
  async mark() {
    return this.isMark;
  }
  async ends() {
    return this.over;
  }
  keepTrial = (trial: Trial) => this.#write(() => (this.isTrial = trial));
  end = (end: TrialEnd) => this.#write(() => this.over.push(end));
  lead = (slot: Slot) => this.#write(() => (this.current = slot));
  forgetTrial = () => this.#write(() => ([this.isTrial, this.isMark] = [undefined, undefined]));

  says(state: Mark["state"], detail = ""): void {
    this.isMark = { command: "c1", state, detail };
  }

  async #write(change: () => void): Promise<void> {
    if (this.writesLeft <= 0) return new Promise<never>(() => {});
    this.writesLeft -= 1;
    change();
  }
}

type Life = (folder: Folder, slot: Slot) => { readonly endsAfter?: number; readonly how?: string };

/** Starts agents that live as they are told to. */
function aWatch(folder: Folder, clock: ManualClock, life: Life) {
  const started: Slot[] = [];
  const stop = new AbortController();
  const start = (slot: Slot): RunningAgent => {
    started.push(slot);
    const { endsAfter, how = "1" } = life(folder, slot);
    const over = new AbortController();
    const ended = clock
      .sleep(endsAfter ?? 1_000_000 * MINUTE, over.signal)
      .then(() => (over.signal.aborted ? "SIGTERM" : how));
    return {
      ended,
      end: async () => {
        over.abort();
        await ended;
      },
    };
  };
  const done = watchOver({ folder, clock, log: silentLog, start, stop: stop.signal });
  return { started, done, stop };
}

test("a release that is confirmed stays, and runs on", async () => {
  const [folder, clock] = [new Folder(), new ManualClock()];
  const { started, done } = aWatch(folder, clock, () => ({}));
  await clock.advance(10 * SECOND);
  folder.says("working");
  await clock.advance(30 * MINUTE);
  folder.says("confirmed");
  await clock.advance(SECOND);

  assert.ok(await done);
  assert.deepEqual([started, folder.current, folder.isTrial], [["a"], "a", undefined]);
  assert.equal(folder.over.at(-1)?.isKept, true);
});

test("a release that dies at once is taken back in seconds, after three tries", async () => {
  const [folder, clock] = [new Folder(), new ManualClock()];
  const { started, done } = aWatch(folder, clock, () => ({ endsAfter: SECOND }));
  await clock.advance(MINUTE);

  assert.equal(await done, undefined);
  assert.deepEqual([started, folder.current, folder.isTrial], [["a", "a", "a"], "base", undefined]);
  assert.match(folder.over.at(-1)?.detail ?? "", /^it ended 3 times by itself/);
});

test("a release that hangs is ended and taken back when its short time is over", async () => {
  const [folder, clock] = [new Folder(), new ManualClock()];
  const { done } = aWatch(folder, clock, () => ({}));
  await clock.advance(2 * MINUTE);

  assert.equal(await done, undefined);
  assert.match(folder.over.at(-1)?.detail ?? "", /^it did not get to work within 60 s/);
});

test("a release that works and hears nobody is not taken back before its long time is over", async () => {
  const [folder, clock] = [new Folder(), new ManualClock()];
  const { done, started } = aWatch(folder, clock, () => ({}));
  await clock.advance(SECOND);
  folder.says("working");
  await clock.advance(59 * MINUTE);
  assert.deepEqual([folder.over, started], [[], ["a"]]);

  await clock.advance(2 * MINUTE);

  assert.equal(await done, undefined);
  assert.match(folder.over.at(-1)?.detail ?? "", /^it had no session with a round trip within 3600 s/);
});

test("one that only finds the folder in use is tried again, and that is no fault of the release", async () => {
  const [folder, clock] = [new Folder(), new ManualClock()];
  const lives = [{ endsAfter: SECOND, how: "5" }, { endsAfter: SECOND, how: "5" }, { endsAfter: SECOND, how: "5" }, {}];
  const { started } = aWatch(folder, clock, () => lives.shift() ?? {});
  await clock.advance(30 * SECOND);

  assert.deepEqual([started.length, folder.isTrial?.deaths], [4, 0]);
});

test("whoever stops the watcher stops the release, and its trial goes on later", async () => {
  const [folder, clock] = [new Folder(), new ManualClock()];
  const { done, stop } = aWatch(folder, clock, () => ({ endsAfter: 5 * SECOND, how: "0" }));
  await clock.advance(4 * SECOND);
  stop.abort();
  await clock.advance(10 * SECOND);

  assert.equal(await done, undefined);
  assert.deepEqual([folder.isTrial?.deaths, folder.over], [0, []]);
});

const confirmed: Life = (folder) => {
  folder.says("confirmed");
  return {};
};

for (const [what, life, current] of [
  ["good", confirmed, "a"],
  ["bad", () => ({ endsAfter: SECOND }), "base"],
] as const) {
  test(`wherever the power is cut, a ${what} release ends where it belongs, and never does none run`, async () => {
    let cuts = 0;
    for (let step = 0; step < 50; step++) {
      const [folder, clock] = [new Folder(), new ManualClock()];
      folder.writesLeft = step;
      const first = aWatch(folder, clock, life);
      await clock.advance(MINUTE);
      const isOver = await Promise.race([first.done.then(() => true), Promise.resolve(false)]);
      if (isOver) break;
      cuts += 1;

      folder.writesLeft = Infinity;
      if (folder.isTrial !== undefined) {
        const second = aWatch(folder, clock, life);
        await clock.advance(2 * MINUTE);
        await second.done;
      }
      assert.deepEqual([folder.current, folder.isTrial], [current, undefined], `after the cut at step ${step}`);
      assert.equal(folder.over.length, 1, `one end after the cut at step ${step}`);
    }
    assert.ok(cuts >= 4, `${cuts} cuts`);
  });
}
