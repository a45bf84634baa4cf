import assert from "node:assert/strict";
import { test } from "node:test";
import { pack } from "@edgemere/protocol";
import { DAY, HOUR, MINUTE, SECOND } from "@edgemere/protocol/kit";
import fc from "fast-check";
import { aDevice } from "../device.test-support.ts";
import { device } from "./contract.ts";
import { startDevices, type World } from "./devices.test-support.ts";
import {
  FLAPPING_WITHIN,
  presenceOf,
  RECHECK_AFTER,
  RETURN_WITHIN,
  sighted,
  sightInTime,
  type Sight,
} from "./presence.ts";

const none = { sight: "offline", epoch: 1, changes: [] } as const;
const AT = 1_000_000_000;
/** A device that comes and goes in turn, a second apart. */
const after = (times: number, start = AT) =>
  Array.from({ length: times }).reduce<ReturnType<typeof sighted>>(
    (before, _, turn) => sighted(before, turn % 2 === 0 ? "online" : "silent", start + turn * SECOND),
    none,
  );

for (const [title, shown, sighting, now, expected] of [
  ["five comings and goings are no flapping", "silent", after(5), AT + 5 * SECOND, "online"],
  ["six within ten minutes are", "online", after(6), AT + 6 * SECOND, "flapping"],
  ["six in more time are not", "online", after(6), AT + FLAPPING_WITHIN, "silent"],
  ["who flaps does so until it was quiet", "flapping", after(1), AT + DAY, "flapping"],
  ["a wall clock that stepped back by years makes nobody flap", "online", after(6), AT - 400 * DAY, "silent"],
] as const) {
  test(`of a device that comes and goes: ${title}`, () => {
    assert.equal(presenceOf(shown, sighting, now), expected);
  });
}

test("that a silent device is given up is no new going", () => {
  const silent = sighted({ ...none, sight: "online" }, "silent", AT);

  assert.deepEqual(sighted(silent, "offline", AT + 5 * SECOND).changes, [AT]);
});

for (const [title, shown, hasSession, stillFor, expected] of [
  ["a device with a session is there, however long ago that changed", "online", true, DAY, undefined],
  ["a silent one with a session is there", "silent", true, DAY, undefined],
  ["one that is offline already cannot go", "offline", false, DAY, undefined],
  ["a silent one may come back for a while", "silent", false, RECHECK_AFTER - 1, undefined],
  ["after that it is offline", "silent", false, RECHECK_AFTER, "offline"],
  ["one that was online before a restart may come back for longer", "online", false, RETURN_WITHIN - 1, undefined],
  ["after that it is silent", "online", false, RETURN_WITHIN, "silent"],
  ["one that flaps is left alone for a while", "flapping", true, FLAPPING_WITHIN - 1, undefined],
  ["after that it is online when it is there", "flapping", true, FLAPPING_WITHIN, "online"],
  ["and offline when it is not", "flapping", false, FLAPPING_WITHIN, "offline"],
] as const) {
  test(`of a device without news: ${title}`, () => {
    assert.equal(sightInTime(shown, { hasSession, stillFor }), expected);
  });
}

test("however a device comes and goes, little is told of it in ten minutes", () => {
  const sights = fc.constantFrom<Sight>("online", "silent", "offline");
  const step = fc.record({ sight: sights, pause: fc.integer({ min: 0, max: 3 * MINUTE }) });
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 200 }), (steps) => {
      let [shown, sighting, now]: [ReturnType<typeof presenceOf>, ReturnType<typeof sighted>, number] = [
        "offline",
        none,
        AT,
      ];
      const told: number[] = [];
      const tell = (next: typeof shown) => {
        if (next !== shown) told.push(now);
        shown = next;
      };
      for (const { sight, pause } of steps) {
        now += pause;
        // Who is gone is not heard to go: no news of a session make it silent.
        if (sight !== "online" && sighting.sight === "offline") continue;
        sighting = sighted(sighting, sight, now);
        tell(presenceOf(shown, sighting, now));
      }
      const most = Math.max(
        ...told.map((at) => told.filter((each) => each >= at && each < at + FLAPPING_WITHIN).length),
      );
      // Five comings and goings, each going told as silent and as offline, and the flapping itself.
      assert.ok(told.length === 0 || most <= 2 * 5 + 2, `${most} in ten minutes`);
    }),
  );
});

const hello = (epoch: number) =>
  pack("hello", { device: "d1" }, { bootId: "b", sessionEpoch: epoch, agentVersion: "1" });
const bye = (epoch: number) => pack("bye", { device: "d1" }, { sessionEpoch: epoch, reason: "lost" });
const presence = async (world: World) => (await world.store.get(device, "d1"))?.presence;

async function flap(world: World, times: number, firstEpoch: number): Promise<void> {
  for (let turn = 0; turn < times; turn++) {
    await world.arrived("d1", hello(firstEpoch + turn));
    await world.advance(2 * SECOND);
    await world.arrived("d1", bye(firstEpoch + turn));
    await world.advance(SECOND);
  }
}

test("a device that flaps for ten minutes is told of once, and again when it has calmed", async () => {
  await using world = await startDevices();
  await world.store.commit(aDevice("d1", { presence: "offline" }));
  const before = world.store.lastNumber;

  await flap(world, 200, 2);
  assert.equal(await presence(world), "flapping");
  await world.arrived("d1", hello(500));
  await world.advance(FLAPPING_WITHIN + 10 * SECOND);

  assert.equal(await presence(world), "online");
  const told = await world.eventTypes(before);
  assert.deepEqual(
    told.filter((type) => type !== "device.updated"),
    "online silent online silent online flapping online".split(" ").map((word) => `device.${word}`),
  );
  assert.equal(told.length, 14);
});

test("a device that flapped and went for good is offline in the end", async () => {
  await using world = await startDevices();
  await world.store.commit(aDevice("d1", { presence: "offline" }));

  await flap(world, 4, 2);
  await world.advance(FLAPPING_WITHIN + 10 * SECOND);

  assert.equal(await presence(world), "offline");
});

test("a device that is taken over by its own next connection again and again is online, and nothing is told", async () => {
  await using world = await startDevices();
  await world.store.commit(aDevice("d1", { presence: "offline" }));
  await world.arrived("d1", hello(2));
  const before = world.store.lastNumber;

  for (let epoch = 3; epoch < 60; epoch++) {
    await world.arrived("d1", hello(epoch));
    await world.arrived("d1", bye(epoch - 1));
  }
  await world.advance(HOUR);

  assert.equal(await presence(world), "online");
  assert.deepEqual(await world.eventTypes(before), []);
});

for (const step of [DAY, -DAY, 3_650 * DAY, -3_650 * DAY]) {
  test(`a wall clock that steps by ${step / DAY} days makes no device offline, and keeps none online`, async () => {
    await using world = await startDevices();
    await world.store.commit(aDevice("d1", { presence: "offline" }), aDevice("d2"));
    await world.arrived("d1", hello(2));

    world.clock.step(step);
    await world.advance(RETURN_WITHIN - MINUTE);
    assert.equal((await world.store.get(device, "d2"))?.presence, "online");
    await world.arrived("d1", bye(2));
    await world.advance(RECHECK_AFTER - SECOND);
    assert.equal(await presence(world), "silent");
    await world.advance(3 * SECOND);
    assert.equal(await presence(world), "offline");
    // Whether the first look, at the start, saw it already is a matter of turns.
    await world.advance(MINUTE + 5 * SECOND);
    assert.equal((await world.store.get(device, "d2"))?.presence, "offline");
  });
}
