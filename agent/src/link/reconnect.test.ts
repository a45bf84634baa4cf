import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { HOUR, MINUTE, SECOND, type Random } from "@edgemere/protocol/kit";
import { seededRandom, SimulatedDisk } from "@edgemere/protocol/simulated";
import { afterFailure, atStart, readReconnect, writeReconnect, type Failure, type Reconnect } from "./reconnect.ts";

const always = (value: number): Random => ({ next: () => value, bytes: (length) => new Uint8Array(length) });
const begin: Reconnect = { level: 0, pause: 0, since: 0 };
/** The longest pauses that so many failures in a row can bring. */
const longest = (failure: Failure, times: number): readonly number[] => {
  const pauses: number[] = [];
  let reconnect = begin;
  for (let i = 0; i < times; i++) {
    reconnect = afterFailure(reconnect, failure, 0, always(1));
    pauses.push(reconnect.pause / SECOND);
  }
  return pauses;
};

test("where nobody is, pauses stay short for a dozen tries and then grow; where somebody is and refuses they grow at once", () => {
  const eager = Array.from({ length: 12 }, () => 2);
  assert.deepEqual(longest({ kind: "unreachable" }, 19), [...eager, 4, 8, 16, 32, 64, 120, 120]);
  assert.deepEqual(longest({ kind: "lost" }, 13), [...eager, 4]);
  assert.deepEqual(longest({ kind: "busy" }, 8), [10, 20, 40, 80, 160, 320, 600, 600]);
  assert.deepEqual(longest({ kind: "refused" }, 8), [60, 120, 240, 480, 960, 1_800, 1_800, 1_800]);
});

test("a session takes back a try for each quarter of a minute, and only one of five minutes makes the next break a new one", () => {
  const worn: Reconnect = { level: 60, pause: 0, since: 0 };

  assert.equal(afterFailure(worn, { kind: "lost", lasted: 15 * SECOND - 1 }, 0, always(1)).level, 61);
  assert.equal(afterFailure(worn, { kind: "lost", lasted: 45 * SECOND }, 0, always(1)).level, 58);
  assert.equal(afterFailure(worn, { kind: "lost", lasted: 5 * MINUTE - 1 }, 0, always(1)).level, 42);
  assert.deepEqual(afterFailure(worn, { kind: "lost", lasted: 5 * MINUTE }, 9, always(1)), {
    level: 1,
    pause: 2 * SECOND,
    since: 9,
  });
});

test("a session that is lost spreads the devices, a try that fails does not", () => {
  const spread = 2 * MINUTE;

  assert.equal(afterFailure(begin, { kind: "lost", spread }, 0, always(0.5)).pause, MINUTE);
  assert.equal(afterFailure(begin, { kind: "unreachable", spread }, 0, always(0.5)).pause, SECOND);
});

test("what the control plane asked for is kept to, within an hour", () => {
  assert.equal(afterFailure(begin, { kind: "busy", retryAfterMs: 5 * MINUTE }, 0, always(0)).pause, 5 * MINUTE);
  assert.equal(afterFailure(begin, { kind: "busy", retryAfterMs: 9 * HOUR }, 0, always(0)).pause, HOUR);
});

test("an agent that starts waits for what is left of the pause", () => {
  const table: readonly (readonly [passed: number, level: number, pause: number])[] = [
    [0, 3, MINUTE],
    [20 * SECOND, 3, 40 * SECOND],
    [2 * MINUTE, 3, 0],
    [6 * MINUTE, 0, 0],
    // Its clock was set back.
    [-HOUR, 3, MINUTE],
  ];
  for (const [passed, level, pause] of table) {
    const { level: left, pause: wait } = atStart({ level: 3, pause: MINUTE, since: HOUR }, HOUR + passed);
    assert.deepEqual([left, wait], [level, pause]);
  }
});

test("a control plane that is gone for seconds finds its devices within two of its return, five times in a row", () => {
  let reconnect = begin;
  for (let round = 0; round < 5; round++) {
    reconnect = afterFailure(reconnect, { kind: "lost", lasted: 30 * SECOND }, 0, always(0.9));
    for (let tries = 0; tries < 3; tries++) {
      assert.ok(reconnect.pause <= 2 * SECOND);
      reconnect = afterFailure(reconnect, { kind: "unreachable" }, 0, always(0.9));
    }
  }
});

test("agents that are started again and again do not try more often than one that goes on", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(3 * MINUTE), { minLength: 20, maxLength: 60 }), fc.integer(), (lives, seed) => {
      const random = seededRandom(seed);
      let [now, tries, reconnect]: [number, number, Reconnect] = [0, 0, begin];
      for (const life of lives) {
        let left = atStart(reconnect, now);
        for (const end = now + life; now + left.pause <= end; tries++) {
          now += left.pause + 1;
          left = reconnect = afterFailure(left, { kind: "unreachable" }, now, random);
        }
        now += life % 1_000;
      }
      assert.ok(tries <= 24 + (now / MINUTE) * 3, `${tries} tries in ${now / MINUTE} minutes`);
    }),
  );
});

test("what was written is read back, and what cannot be read is no reason to wait", async () => {
  const disk = new SimulatedDisk();
  const reconnect = { level: 3, pause: 500, since: 7 };
  await writeReconnect(disk, reconnect);
  assert.deepEqual(await readReconnect(disk), reconnect);

  for (const text of ["", "{", "[]", '{"level":1,"pause":1e12,"since":3}', '{"level":-1,"pause":1,"since":3}']) {
    await disk.write("reconnect", Buffer.from(text));
    assert.deepEqual(await readReconnect(disk), begin);
  }
});
