import assert from "node:assert/strict";
import { test } from "node:test";
import { MINUTE, SECOND } from "@edgemere/protocol/kit";
import { Door } from "./door.ts";

test("a site that comes back as a whole is let in at once, and what comes after at a pace", () => {
  const door = new Door();
  const knock = () => {
    const wait = door.knock("10.0.0.1", 0);
    if (wait !== undefined) door.known("10.0.0.1");
    return wait;
  };

  const waits = Array.from({ length: 1_100 }, knock);

  assert.deepEqual(new Set(waits.slice(0, 1_000)), new Set([0]));
  assert.deepEqual([waits[1_000], waits[1_099]], [10, 1_000]);
});

test("who would have to wait for more than ten seconds is turned away, and later let in again", () => {
  const door = new Door();
  const knock = (now: number) => {
    const wait = door.knock("10.0.0.1", now);
    if (wait !== undefined) door.known("10.0.0.1");
    return wait;
  };
  for (let i = 0; i < 2_000; i++) assert.ok((knock(0) ?? Infinity) <= 10 * SECOND);

  assert.equal(knock(0), undefined);
  assert.equal(knock(10 * SECOND + 10), 0);
});

test("of those who have not said who they are there are a thousand from one address at most, and others are let in", () => {
  const door = new Door();
  for (let i = 0; i < 1_000; i++) assert.equal(door.knock("10.0.0.1", 0), 0);

  assert.equal(door.knock("10.0.0.1", MINUTE), undefined);
  assert.equal(door.knock("10.0.0.2", MINUTE), 0);
  door.known("10.0.0.1");
  assert.equal(door.knock("10.0.0.1", MINUTE), 0);
});

test("there are four thousand strangers at most, from wherever", () => {
  const door = new Door();
  for (let i = 0; i < 4_000; i++) assert.equal(door.knock(`10.0.${i % 250}.1`, 0), 0);

  assert.equal(door.knock("192.0.2.1", 0), undefined);
  door.known("10.0.1.1");
  assert.equal(door.knock("192.0.2.1", 0), 0);
});

test("from where a device comes again and again that is held back, ten a second are let in until it stops for a minute", () => {
  const door = new Door();
  const knock = (now: number) => {
    const wait = door.knock("10.0.0.1", now);
    if (wait !== undefined) door.known("10.0.0.1");
    return wait;
  };
  door.hold("10.0.0.1", 0);

  const waits = Array.from({ length: 30 }, () => knock(0));

  assert.deepEqual([waits[19], waits[20], waits[29]], [0, 100, 1_000]);
  assert.equal(door.knock("10.0.0.2", 0), 0);
  door.hold("10.0.0.1", 30 * SECOND);
  for (let i = 0; i < 20; i++) knock(89 * SECOND);
  assert.equal(knock(89 * SECOND), 100);
  assert.equal(knock(91 * SECOND), 0);
});

test("addresses are forgotten, but none from where somebody is on the way in", () => {
  const door = new Door();
  for (let i = 0; i < 1_000; i++) door.knock("10.0.0.1", 0);
  for (let i = 0; i < 12_000; i++) {
    door.knock(`192.0.${Math.floor(i / 250)}.${i % 250}`, 0);
    door.known(`192.0.${Math.floor(i / 250)}.${i % 250}`);
  }

  assert.equal(door.knock("10.0.0.1", 0), undefined);
});
