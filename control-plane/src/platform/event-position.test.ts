import assert from "node:assert/strict";
import { test } from "node:test";
import { DAY, silentLog } from "@edgemere/protocol/kit";
import { ManualClock } from "@edgemere/protocol/simulated";
import { created, put, type Change } from "./change.ts";
import type { Database } from "./database.ts";
import { EventPosition, type Heard } from "./event-position.ts";
import { forgetOldEvents } from "./event-retention.ts";
import { table } from "./resource.ts";
import { aParcel, keptDatabase, notes, parcel } from "./sample-resource.test-support.ts";
import { Store } from "./store.ts";

const positions = table<Heard>("sampleposition");

async function world({ begin = "at the first event" }: { readonly begin?: "now" | "at the first event" } = {}) {
  const database = keptDatabase();
  const clock = new ManualClock();
  let commits = 0;
  let isFailing = false;
  const counting: Database = {
    ...database,
    batch: async (operations) => {
      if (isFailing) throw new Error("killed");
      commits++;
      await database.batch(operations);
    },
  };
  let store = await Store.open(counting, clock);
  const newPosition = () => new EventPosition({ store, table: positions, id: "sample", begin });
  let position = newPosition();
  let made = 0;
  return {
    clock,
    store: () => store,
    commits: () => commits,
    failing: (is: boolean) => void (isFailing = is),
    pass: () => position.pass(),
    /** Each parcel is two events. */
    happens: (parcels: number) =>
      store.commit(...Array.from({ length: parcels }, () => created(parcel, `p${made++}`, aParcel()))),
    restart: async () => {
      store = await Store.open(counting, clock);
      position = newPosition();
    },
    /** The numbers that are heard, and whether the past is unknown; `changes` undefined: none mattered. */
    hears: async (changes?: readonly Change[]) => {
      const heard: number[] = [];
      let wasBlind = false;
      const hear = async (events: readonly { readonly number: number }[], isBlind: boolean) => {
        heard.push(...events.map(({ number }) => number));
        wasBlind ||= isBlind;
        return changes;
      };
      while ((await position.follow(hear)) === "more");
      return { first: heard[0], last: heard.at(-1), count: heard.length, wasBlind };
    },
  };
}
const none = { first: undefined, last: undefined, count: 0, wasBlind: false };

test("each event is heard once and in order, however many there are and whether any mattered", async () => {
  const { happens, hears } = await world();
  await happens(900);

  assert.deepEqual(await hears(), { first: 1, last: 1_800, count: 1_800, wasBlind: false });
  await happens(1);
  assert.deepEqual(await hears([]), { first: 1_801, last: 1_802, count: 2, wasBlind: false });
  assert.deepEqual(await hears(), none);
});

test("what did not matter is heard again after a restart, as long as it is little, and costs no commit", async () => {
  const { happens, hears, commits, restart } = await world();
  await happens(10);
  const before = commits();
  await hears();
  assert.equal(commits(), before);

  await restart();
  assert.equal((await hears()).count, 20);
  await happens(600);
  await hears();
  await restart();
  assert.deepEqual(await hears(), { first: 1_021, last: 1_220, count: 200, wasBlind: false });
});

test("what mattered is not heard again after a restart, and nobody who hears nothing new commits anything", async () => {
  const { happens, hears, commits, restart } = await world();
  await happens(1);
  await hears([]);
  await restart();
  const before = commits();

  assert.deepEqual(await hears([]), none);
  assert.equal(commits(), before);
});

test("changes land in one commit with the position: where that fails neither is there, and the events are heard again", async () => {
  const { happens, hears, failing, restart, store } = await world();
  await happens(1);
  failing(true);
  await assert.rejects(hears([put(notes, { id: "n1", text: "heard" })]), /killed/);
  failing(false);
  await restart();

  assert.equal(await store().get(notes, "n1"), undefined);
  assert.equal((await hears([put(notes, { id: "n1", text: "heard" })])).count, 2);
  await restart();
  assert.equal((await store().get(notes, "n1"))?.text, "heard");
  assert.deepEqual(await hears(), none);
});

test("who begins now hears nothing of before, and all that follows, also when nothing happened before a restart", async () => {
  const { happens, hears, restart } = await world({ begin: "now" });
  await happens(3);

  assert.deepEqual(await hears(), none);
  await restart();
  await happens(1);
  assert.deepEqual(await hears(), { first: 7, last: 8, count: 2, wasBlind: false });
});

test("what is passed over is not heard", async () => {
  const { happens, hears, pass } = await world();
  await happens(3);
  await pass();
  await happens(1);

  assert.deepEqual(await hears(), { first: 7, last: 8, count: 2, wasBlind: false });
});

test("whose events were forgotten is told so once", async () => {
  const { happens, hears, clock, store, restart } = await world();
  await happens(2);
  await clock.advance(31 * DAY);
  await happens(1);
  const parts = { store: store(), clock, log: silentLog, resources: [], keepFor: 30 * DAY };
  await forgetOldEvents({ ...parts, bus: { passed: 6 } }).step();
  await restart();

  assert.deepEqual(await hears([]), { first: 5, last: 6, count: 2, wasBlind: true });
  await happens(1);
  assert.equal((await hears([])).wasBlind, false);
});
