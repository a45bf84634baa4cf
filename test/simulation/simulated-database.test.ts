import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock, seededRandom } from "@edgemere/protocol/simulated";
import { Life, type Death } from "./life.ts";
import { SimulatedDatabase } from "./simulated-database.ts";

const value = new Uint8Array([1]);
const anyPuts = (...keys: readonly string[]) => keys.map((key) => ({ type: "put" as const, key, value }));

/** One batch is answered, and a death comes while the next one is under way: what is there afterwards, and what was told to be. */
async function afterDeath(death: Death, seed: number): Promise<{ readonly held: string; readonly told: string }> {
  const [clock, random] = [new ManualClock(), seededRandom(seed)];
  const told: string[] = [];
  const database = new SimulatedDatabase((operations) => told.push(operations.map(({ key }) => key).join("")));
  const life = new Life({ clock, random, died: () => database.lose(death, random) });
  const open = database.openFor(life);
  const answered = open.batch(anyPuts("a"));
  await clock.advance(10);
  await answered;
  void open.batch(anyPuts("b", "c"));
  await clock.advance(Math.floor(random.next() * 4));
  life.end();
  return { held: database.keysWith("").join(""), told: told.join("") };
}

for (const death of ["killed", "power"] as const)
  test(`after a death (${death}) a database holds what it answered, and of a batch under way all or nothing`, async () => {
    const ends = await Promise.all(Array.from({ length: 60 }, (_, seed) => afterDeath(death, seed)));

    assert.deepEqual(new Set(ends.map(({ held }) => held)), new Set(["a", "abc"]));
    for (const { held, told } of ends) assert.equal(told, held);
  });

test("a power cut loses batches that the death of the process alone leaves", async () => {
  const heldAfter = async (death: Death) => {
    const ends = await Promise.all(Array.from({ length: 60 }, (_, seed) => afterDeath(death, seed)));
    return ends.filter(({ held }) => held === "abc").length;
  };

  assert.ok((await heldAfter("power")) < (await heldAfter("killed")));
});

test("a restored database holds what its image does, whatever became of it since, and may be restored from it again", async () => {
  const [clock, random] = [new ManualClock(), seededRandom(1)];
  const database = new SimulatedDatabase(() => {});
  const write = async (...keys: readonly string[]) => {
    const done = database.openFor(new Life({ clock, random, died: () => {} })).batch(anyPuts(...keys));
    await clock.advance(10);
    await done;
  };
  await write("a", "b");
  const image = database.image();
  await write("c");

  for (const later of ["d", "e"]) {
    database.restore(image);
    assert.deepEqual(database.keysWith(""), ["a", "b"]);
    await write(later);
    assert.deepEqual(database.keysWith(""), ["a", "b", later]);
  }
});
