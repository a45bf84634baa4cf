import assert from "node:assert/strict";
import { test } from "node:test";
import { SECOND, silentLog, type Disk } from "@edgemere/protocol/kit";
import { ManualClock, seededRandom, SimulatedDisk } from "@edgemere/protocol/simulated";
import { readConfig } from "../../config.ts";
import type { Host } from "../../host/host.ts";
import { Settings, type SettingsChange } from "../../settings.ts";
import { configure } from "../handlers/configure.ts";
import type { HandlerContext } from "../handlers/handler.ts";
import { ChangeGuard } from "./change-guard.ts";

const [RIGHT, OTHER, WRONG] = ["mqtts://right.test:8883", "mqtts://other.test:8883", "mqtts://wrong.test:8883"];
const WITHIN = 60 * SECOND;

/** An agent of which commands set where it connects; it has a session wherever its control plane is. */
async function anAgent(disk: Disk, clock: ManualClock, { boot = "boot-1", first = 1 } = {}) {
  const env = { clock, disk, random: seededRandom(1), log: silentLog };
  const host = {
    uptime: () => clock.monotonic(),
    killMarked: async () => 0,
    putBackFiles: async () => {},
  } as unknown as Host;
  const settings = await Settings.open(env, (over) => readConfig([], {}, over));
  const guard = await ChangeGuard.open({ env, host, boot, settings });
  const address = () => settings.config.brokers?.[0] ?? RIGHT;
  let epoch = first;
  const connect = () => {
    epoch += 1;
    if (address() !== WRONG) guard.established(epoch);
  };
  const road = {
    get epoch() {
      return epoch;
    },
    comeBack: connect,
  };
  const stop = new AbortController();
  const run = (change: Partial<SettingsChange>, command = "c1") => {
    const set = Object.entries(change.set ?? {}).map(([name, values]) => ({ name, values: [...values] }));
    const given = { set, reset: [...(change.reset ?? [])], confirmWithinMs: WITHIN };
    assert.equal(configure.check?.(given as never), undefined);
    const context = { settings, changes: guard, command, signal: stop.signal } as unknown as HandlerContext;
    return configure.run(given as never, context);
  };
  const start = async () => {
    await guard.start(road);
    connect();
  };
  await start();
  return { settings, guard, address, run, stop };
}

const ofBroker = (address: string) => ({ set: { broker: [address] } });
const settled = async <T>(clock: ManualClock, work: Promise<T>, ms: number): Promise<T | "open"> => {
  await clock.advance(ms);
  return Promise.race([work, Promise.resolve("open" as const)]);
};

test("an address where nobody is is taken back by the device itself, and what was set before holds again", async () => {
  const [disk, clock] = [new SimulatedDisk(), new ManualClock()];
  const { run, address, settings } = await anAgent(disk, clock);
  await settled(clock, run(ofBroker(OTHER)), SECOND);

  const change = run({ set: { broker: [WRONG], sample: ["1s"] } }, "c2");

  assert.equal(await settled(clock, change, WITHIN - 2 * SECOND), "open");
  assert.deepEqual([address(), settings.config.sampleEvery], [WRONG, SECOND]);
  assert.deepEqual(await settled(clock, change, 3 * SECOND), {
    reason: "reverted",
    detail: "no session began with the change within 60 s. It was taken back",
  });
  assert.deepEqual(settings.over, { broker: [OTHER] });
});

test("an address with which a session begins stays, and so does one that is reset", async () => {
  const [disk, clock] = [new SimulatedDisk(), new ManualClock()];
  const { run, address } = await anAgent(disk, clock);

  const set = await settled(clock, run(ofBroker(OTHER)), SECOND);
  const again = await settled(clock, run(ofBroker(OTHER), "c2"), SECOND);
  const held = address();
  const reset = await settled(clock, run({ reset: ["broker"] }, "c3"), SECOND);
  await clock.advance(10 * WITHIN);

  const settings = [{ name: "broker", values: [OTHER] }];
  assert.deepEqual(set, { result: { settings, hasChanged: true, confirmedAfterMs: 0 } });
  assert.deepEqual(again, { result: { settings, hasChanged: false } });
  assert.deepEqual(reset, { result: { settings: [], hasChanged: true, confirmedAfterMs: 0 } });
  assert.deepEqual([held, address()], [OTHER, RIGHT]);
});

test("a change of the address whose command is cancelled is taken back at once", async () => {
  const [disk, clock] = [new SimulatedDisk(), new ManualClock()];
  const { run, address, stop } = await anAgent(disk, clock);
  const change = run(ofBroker(WRONG));
  await clock.advance(SECOND);

  stop.abort("cancelled");

  const outcome = await settled(clock, change, SECOND);
  assert.ok(outcome !== "open" && "detail" in outcome);
  assert.match(outcome.detail, /^its command was ended: cancelled\. It was taken back$/);
  assert.equal(address(), RIGHT);
});

for (const [what, address] of [
  ["of another transport", "mqtt://right.test:1883"],
  ["that is none", "right.test"],
] as const)
  test(`an address ${what} is refused before anything is changed`, async () => {
    const disk = new SimulatedDisk();
    const { run } = await anAgent(disk, new ManualClock());

    const outcome = await run(ofBroker(address));

    assert.ok("reason" in outcome);
    assert.equal(outcome.reason, "bad-arguments");
    assert.match(outcome.detail, /is not an address such as mqtts:/);
    assert.deepEqual([await disk.read("settings"), await disk.read("commands/change")], [undefined, undefined]);
  });

/** Of a disk whose power goes before the n-th write; tells whether it went. */
function losingPower(disk: SimulatedDisk, writes: number) {
  let left = writes;
  const losing = {
    read: (path: string) => disk.read(path),
    write: async (path: string, content: Uint8Array) => {
      if (left-- <= 0) return new Promise<void>(() => {});
      await disk.write(path, content);
    },
  } as unknown as Disk;
  return { losing, isGone: () => left < 0 };
}

for (const [what, wanted, boot] of [
  ["wrong address and the agent is started again", WRONG, "boot-1"],
  ["wrong address and the machine is started anew", WRONG, "boot-2"],
  ["right address and the machine is started anew", OTHER, "boot-2"],
] as const)
  test(`wherever the power is cut with a ${what}, the device is where its control plane is, and says which it was`, async () => {
    let cuts = 0;
    for (; ; cuts++) {
      const [disk, clock] = [new SimulatedDisk(), new ManualClock()];
      const { losing, isGone } = losingPower(disk, cuts);
      const first = await anAgent(losing, clock);
      void first.run(ofBroker(wanted));
      await clock.advance(2 * WITHIN);
      if (!isGone()) break;
      disk.cutPower(seededRandom(cuts));

      const second = await anAgent(disk, clock, { boot, first: 100 });
      const outcome = await settled(clock, second.run(ofBroker(wanted)), 3 * WITHIN);

      assert.ok(outcome !== "open", `after the cut before write ${cuts}`);
      const isKept = "result" in outcome;
      assert.equal(second.address(), isKept ? wanted : RIGHT, `after the cut before write ${cuts}`);
      if (wanted === WRONG) assert.equal(isKept, false, `after the cut before write ${cuts}`);
      await second.guard[Symbol.asyncDispose]();
    }
    // The way back, the setting, that it is made, and what became of it; one that is taken back is two more.
    assert.equal(cuts, wanted === WRONG ? 6 : 4);
  });
