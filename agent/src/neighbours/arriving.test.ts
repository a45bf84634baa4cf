import assert from "node:assert/strict";
import { test } from "node:test";
import { MINUTE, SECOND, silentLog } from "@edgemere/protocol/kit";
import { ManualClock } from "@edgemere/protocol/simulated";
import { Neighbours } from "./neighbours.ts";
import { aHolder, aTaker, chunks, content, resultOf } from "./neighbours.test-support.ts";
import { NotHere } from "./taking.ts";

const ends = chunks.reduce<number[]>((sum, { bytes }) => [...sum, (sum.at(-1) ?? 0) + bytes], []);

/** Content of which a chunk more is there each second time that somebody looks. */
function growing() {
  let looks = 0;
  return {
    get received() {
      looks += 1;
      return ends[Math.floor(looks / 2) - 1] ?? 0;
    },
    read: async (from: number, limit: number) => content.subarray(from, from + limit),
  };
}

test("what a device has of a content that it fetches itself it gives, and whoever fetches waits for the rest", async () => {
  await using holder = await aHolder("d2", { coming: growing() });
  await using taker = await aTaker([{ ...holder.named, isComing: true }]);

  const { neighbourBytes, fetchedBytes } = resultOf(await taker.put());

  assert.deepEqual([neighbourBytes, fetchedBytes, taker.given], [content.length, 0, []]);
  assert.deepEqual(await taker.read(), content);
  assert.ok((holder.giving.refused["not-yet"] ?? 0) > 0);
});

test("nobody waits for what a device does not have that was said to have all of it", async () => {
  await using holder = await aHolder("d2", { coming: { received: 0, read: async () => new Uint8Array() } });
  await using taker = await aTaker([holder.named]);

  const { neighbourBytes, fetchedBytes } = resultOf(await taker.put());

  assert.deepEqual([neighbourBytes, fetchedBytes], [0, content.length]);
});

/** One chunk of a content that is fetched beside one that never has it, and what is known of it. */
function waiting(isComing: () => boolean, failure: Error = new NotHere()) {
  const clock = new ManualClock();
  const asked: number[] = [];
  const neighbours = new Neighbours({
    command: "c1",
    clock,
    log: silentLog,
    lied: () => {},
    road: {
      neighbours: async () => {
        asked.push(clock.now());
        return { permit: "p", neighbours: isComing() ? [{ device: "d2", address: "d2:1", isComing: true }] : [] };
      },
    },
    neighbours: {
      fetch: async () => {
        throw failure;
      },
      [Symbol.asyncDispose]: async () => {},
    },
  });
  const chunk = { sha256: "", bytes: 1, from: 0 };
  const ended = { at: -1 };
  const began = clock.now();
  const stop = new AbortController();
  const reading = neighbours.read(chunk, stop.signal).then((bytes) => {
    assert.equal(bytes, undefined);
    ended.at = clock.now() - began;
  });
  return { clock, asked, ended, stop, reading };
}
async function advance(clock: ManualClock, ms: number): Promise<void> {
  for (let done = 0; done < ms; done += SECOND) await clock.advance(SECOND);
}

test("one that gives nothing for five minutes is waited for no more", async () => {
  const { clock, asked, ended } = waiting(() => true);

  await advance(clock, 5 * MINUTE - SECOND);
  assert.equal(ended.at, -1);
  await advance(clock, 2 * SECOND);

  assert.equal(ended.at, 5 * MINUTE);
  assert.ok(asked.length >= 10 && asked.length <= 11, `${asked.length}`);
});

test("who waits hears within half a minute that there is nobody to wait for, and ends at once when it is told to", async () => {
  let isComing = true;
  const { clock, ended } = waiting(() => isComing);
  await advance(clock, 10 * SECOND);
  isComing = false;
  await advance(clock, 25 * SECOND);
  assert.ok(ended.at > 0 && ended.at <= 31 * SECOND, `${ended.at}`);

  const told = waiting(() => true);
  await advance(told.clock, 10 * SECOND);
  told.stop.abort();
  await told.reading;
  assert.ok(told.ended.at <= 10 * SECOND);
});

test("one that fetches and cannot be reached is tried for some seconds, and then it is not there", async () => {
  const { clock, ended } = waiting(() => true, new Error("it does not answer"));

  await advance(clock, 10 * SECOND);

  assert.equal(ended.at, 3 * SECOND);
});
