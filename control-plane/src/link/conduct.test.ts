import assert from "node:assert/strict";
import { test } from "node:test";
import { formatTopic } from "@edgemere/protocol";
import { MINUTE, SECOND } from "@edgemere/protocol/kit";
import { ManualClock } from "@edgemere/protocol/simulated";
import fc from "fast-check";
import { allowances, Conduct, deedOf, type Deed } from "./conduct.ts";

function aConduct() {
  const clock = new ManualClock();
  const accused: { readonly device: string; readonly reason: string; readonly at: number }[] = [];
  const conduct = new Conduct(clock, (device, reason) =>
    accused.push({ device, reason, at: Math.round(clock.monotonic()) }),
  );
  return { clock, conduct, accused };
}

/** Does something so often a second for so many seconds, ten times a second. */
async function keepOn(
  { clock, conduct }: ReturnType<typeof aConduct>,
  device: string,
  [deed, perSecond, seconds]: readonly [Deed, number, number],
): Promise<void> {
  for (let tenth = 0; tenth < seconds * 10; tenth++) {
    for (let i = Math.floor((tenth * perSecond) / 10); i < Math.floor(((tenth + 1) * perSecond) / 10); i++)
      conduct.note(device, deed);
    await clock.advance(SECOND / 10);
  }
}

for (const [title, deed, perSecond, words] of [
  ["sends 100 messages a second", "message", 100, /more than 400 messages beyond the 50 a second/],
  ["sends 400 messages a second about commands", "report", 400, /more than 2000 messages about commands/],
  ["sends 10 messages a second that are refused", "refused", 10, /more than 50 messages that are refused/],
  ["asks for 100 subscriptions a second", "request", 100, /more than 300 subscriptions and pings/],
  ["connects 10 times a second", "connection", 10, /more than 60 connections/],
] as const)
  test(`a device that ${title} is accused within ten seconds, once, with what it does`, async () => {
    const world = aConduct();

    await keepOn(world, "mad", [deed, perSecond, 10]);

    assert.equal(world.accused.length, 1);
    assert.match(world.accused[0]?.reason ?? "", words);
    assert.equal(world.conduct.isHeld("mad"), true);
    assert.equal(world.conduct.isHeld("good"), false);
  });

for (const [title, deed, perSecond] of [
  ["catches up after an outage at the agent's pace in its smallest batches", "message", 42],
  ["runs a hundred commands a second, each told in one message", "report", 100],
  ["reconnects as eagerly as an agent ever does", "connection", 0.5],
  ["subscribes to all its topics with each of these connections", "request", 2],
  ["sends a message now and then that makes no sense", "refused", 0.5],
] as const)
  test(`a device that ${title} is never accused, however long`, async () => {
    const world = aConduct();

    await keepOn(world, "good", [deed, perSecond, 600]);

    assert.deepEqual(world.accused, []);
  });

test("whatever a device has waiting, in full batches it is never accused of it", async () => {
  const second = fc.record({ backlog: fc.integer({ min: 0, max: 32 }), live: fc.integer({ min: 0, max: 8 }) });
  await fc.assert(
    fc.asyncProperty(fc.array(second, { maxLength: 300 }), async (seconds) => {
      const { clock, conduct, accused } = aConduct();
      for (const { backlog, live } of seconds) {
        for (let i = 0; i < backlog + live; i++) conduct.note("good", "message");
        await clock.advance(SECOND);
      }
      assert.deepEqual(accused, []);
    }),
    { numRuns: 20 },
  );
});

test("whoever keeps to an allowance is never accused, whatever came before, and one more than it always is", async () => {
  const deeds = fc.constantFrom<Deed>("message", "report", "request", "connection", "refused");
  const bursts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 10 });
  await fc.assert(
    fc.asyncProperty(deeds, bursts, async (deed, shares) => {
      const { clock, conduct, accused } = aConduct();
      const { perSecond, burst } = allowances[deed];
      for (const share of [...shares, 1]) {
        for (let i = 0; i < Math.floor(share * burst); i++) conduct.note("d1", deed);
        assert.deepEqual(accused, []);
        await clock.advance((burst / perSecond) * SECOND);
      }
      for (let i = 0; i <= burst; i++) conduct.note("d1", deed);
      assert.equal(accused.length, 1);
    }),
    { numRuns: 50 },
  );
});

test("a device is suspect from an eighth of an allowance on, and no more when it has rested or is held", async () => {
  const world = aConduct();
  const { conduct, clock } = world;
  const isSuspectAfter = (messages: number) => {
    for (let i = 0; i < messages; i++) conduct.note("d1", "message");
    return conduct.isSuspect("d1");
  };

  assert.deepEqual([conduct.isSuspect("d1"), isSuspectAfter(50), isSuspectAfter(1)], [false, false, true]);
  await clock.advance(SECOND);
  assert.equal(conduct.isSuspect("d1"), false);
  assert.equal(isSuspectAfter(1_000), false);
  assert.equal(conduct.isHeld("d1"), true);
});

for (const [topic, deed] of [
  [formatTopic("result", { device: "d1" }), "report"],
  [formatTopic("log", { device: "another" }), "report"],
  [formatTopic("telemetry", { device: "d1" }), "message"],
  [formatTopic("hello", { device: "d1" }), "message"],
  ["no/topic/of/ours", "message"],
  ["", "message"],
] as const)
  test(`to send on "${topic}" counts as a ${deed}`, () => {
    assert.equal(deedOf(topic), deed);
  });

test("what goes on is told again after a minute, and a device that was pardoned begins anew", async () => {
  const world = aConduct();
  const { conduct, accused, clock } = world;
  await keepOn(world, "mad", ["refused", 10, 130]);
  assert.equal(accused.length, 3);

  assert.equal(conduct.pardon("mad"), true);
  assert.equal(conduct.isHeld("mad"), false);
  assert.equal(conduct.pardon("good"), false);
  assert.equal(conduct.note("mad", "refused"), true);
  await clock.advance(MINUTE);
  assert.equal(accused.length, 3);
});

test("so many devices make it forget those that were met longest ago, and never one that is held", () => {
  const { conduct } = aConduct();
  for (let i = 0; i <= allowances.refused.burst; i++) conduct.note("mad", "refused");

  for (let i = 0; i < 10_500; i++) conduct.note(`device-${i}`, "message");

  assert.equal(conduct.isHeld("mad"), true);
});
