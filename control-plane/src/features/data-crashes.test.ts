import assert from "node:assert/strict";
import { test } from "node:test";
import { HOUR, MINUTE } from "@edgemere/protocol/kit";
import { ManualClock } from "@edgemere/protocol/simulated";
import { dying } from "../platform/database.test-support.ts";
import { keptDatabase } from "../platform/sample-resource.test-support.ts";
import { Store } from "../platform/store.ts";
import { dataRequest, dataReservation } from "./data-orchestrator/contract.ts";
import { startYard, type Yard } from "./data-yard.test-support.ts";

/** Room for one copy on each of two devices, and for no other. */
const berlin = { site: "berlin", freeBytes: 10 };
const fleet = { gw1: { files: { "a.pcap": "evidence" }, takes: false }, b1: berlin, b2: berlin };
const rule = { query: "kind:capture", where: "site=berlin", copies: 2, lifetime: 15, name: "wanted" };

/** Until the request is decided no write is left out; of those that follow, which repeat for each copy, a third is enough. */
const EVERY_ONE_OF = 40;

const standing = (yard: Yard) =>
  [...yard.held].flatMap(([id, files]) => [...files.values()].map((content) => `${id}: ${content}`));

/** What is left when it dies while data is reserved for, brought, used and given up. */
async function left(deathAt: number) {
  const kept = keptDatabase();
  await using first = await startYard(fleet, { database: kept });
  const clock = new ManualClock(first.clock.now() + MINUTE);
  const { database, death } = dying(kept, deathAt);
  const living = async () => {
    await using yard = await startYard(fleet, { database, clock, held: first.held });
    await yard.find(rule);
    await yard.pass(30);
    return "lived" as const;
  };
  // What a dead process still thinks is nobody's concern.
  const end = await Promise.race([living().catch(() => "died" as const), death]);
  const held = new Map([...first.held].map(([id, files]) => [id, new Map(files)]));
  return { kept, held, at: clock.now(), isOver: end === "lived" };
}

test("wherever the control plane dies while data is on its way, no reservation is lost or leaked, and the data comes and goes as it was asked", async () => {
  const seen = new Set<string>();
  let deathAt = 0;
  for (let isOver = false; !isOver;) {
    deathAt += deathAt < EVERY_ONE_OF ? 1 : 3;
    const { kept: database, held, at, ...end } = await left(deathAt);
    ({ isOver } = end);
    const clock = new ManualClock(at + (deathAt % 3 === 0 ? HOUR : MINUTE));
    seen.add((await (await Store.open(database, clock)).list(dataRequest)).items[0]?.state ?? "none");
    await using yard = await startYard(fleet, { database, held, clock });
    const where = `death at write ${deathAt}`;
    const [begun] = (await yard.store.list(dataRequest)).items;
    const { id } = begun ?? (await yard.find(rule));
    let most: readonly string[] = [];
    const isDone = async () => (await yard.store.get(dataRequest, id))?.state === "completed";
    for (let second = 0; second < 120 && !(await isDone()); second++) {
      await yard.pass(1);
      if (standing(yard).length > most.length) most = standing(yard);
    }
    await yard.pass(5);

    const types = await yard.eventTypes();
    const count = (type: string) => types.filter((each) => each === type).length;
    assert.deepEqual(
      ["datarequest.satisfied", "datarequest.completed", "datarequest.failed"].map(count),
      [1, 1, 0],
      `${where}: ${(await yard.explain(id)).request.reason}`,
    );
    assert.deepEqual([count("datareservation.confirmed"), count("datareservation.create")], [2, 2], where);
    const ends = (await yard.store.list(dataReservation)).items.map(({ state }) => state);
    assert.deepEqual(ends, ["confirmed", "confirmed"], where);
    assert.deepEqual(await yard.instances(), [], where);
    assert.ok(most.length <= 3 && most.every((each) => each.endsWith(": evidence")), `${where}: ${most.join()}`);
    assert.deepEqual(standing(yard), ["gw1: evidence"], where);
    for (const { device, reservedBytes, placingBytes, availableBytes, freeBytes } of await yard.sources())
      assert.deepEqual([reservedBytes, placingBytes, availableBytes], [0, 0, freeBytes], `${where}: ${device}`);
  }
  assert.ok(deathAt > 40, `only ${deathAt} writes were seen`);
  const states = ["completed", "evaluated", "needed", "none", "satisfied", "selected"];
  assert.deepEqual([...seen].toSorted(), states, "it died in every state of the request");
});
