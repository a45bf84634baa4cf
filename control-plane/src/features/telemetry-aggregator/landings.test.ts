import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "@edgemere/protocol/simulated";
import fc from "fast-check";
import { Landings } from "./landings.ts";

test("whoever looks, however rarely, hears of each device that has landed since, once and in the order of the last landings", () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(7), { maxLength: 60 }),
      fc.nat(60),
      fc.integer({ min: 1, max: 5 }),
      (devices, since, recent) => {
        const landings = new Landings("a", recent);
        for (const each of devices) landings.add(`d${each}`);

        const later = devices.slice(since).map((each) => `d${each}`);
        const expected = [...new Set(later.toReversed())].toReversed();

        assert.deepEqual(
          landings.after(since).map(([device]) => device),
          expected,
        );
      },
    ),
  );
});

test("who waits is woken by the next landing, by the end of the time, and by the end of all", async () => {
  const clock = new ManualClock();
  const landings = new Landings("a");
  const woken: string[] = [];
  const wait = async (name: string, within: number) => {
    await landings.next(landings.number, within, clock);
    woken.push(name);
  };

  const first = wait("by a landing", 1_000);
  landings.add("d1");
  await first;
  const second = wait("by the end of the time", 1_000);
  await clock.advance(1_000);
  await second;
  const third = wait("by the end of all", 1_000);
  await landings[Symbol.asyncDispose]();
  await third;

  assert.deepEqual(woken, ["by a landing", "by the end of the time", "by the end of all"]);
});
