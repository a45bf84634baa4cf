import assert from "node:assert/strict";
import { test } from "node:test";
import { plantedBugs, type PlantedBug } from "./planted-bugs.ts";
import { profiles } from "./profiles.ts";
import { runSeeds } from "./seeds.ts";

const firstSeeds = (count: number) => Array.from({ length: count }, (_, seed) => seed);

/** The first of so many seeds in which a bug is found by that. */
async function found(bug: PlantedBug, finder: RegExp, within = 200) {
  for await (const answer of runSeeds(firstSeeds(within), { bug }))
    if ("violation" in answer && finder.test(answer.violation)) return answer;
  return undefined;
}

async function runs(seeds: readonly number[], threads: number) {
  const answers = new Map<number, unknown>();
  for await (const answer of runSeeds(seeds, { threads })) answers.set(answer.seed, answer);
  return seeds.map((seed) => answers.get(seed));
}

test("the same seed gives the same run, event for event, in every profile and whatever ran before it", async () => {
  const seeds = firstSeeds(2 * profiles.length);

  assert.deepEqual(await runs(seeds, 1), await runs(seeds.toReversed(), 2).then((all) => all.toReversed()));
});

test("different seeds give different runs", async () => {
  const all = await runs(firstSeeds(3 * profiles.length), 2);
  const fingerprints = all.map((answer) => (answer as { run: { fingerprint: string } }).run.fingerprint);

  assert.equal(new Set(fingerprints).size, fingerprints.length);
});

/** Each bug, and what of all that must hold finds it. */
const finders: Readonly<Record<PlantedBug, RegExp>> = {
  "unwritten starts": /took effect a second time/,
  "no sync": /was durable and is neither stored nor on the disk/,
  "hasty database": /was acknowledged up to \d+ and the database holds up to \d+/,
  "restore in place": /stands for records that nobody explains/,
  "numbers used twice": /was sent with other bytes before/,
  "unmarked hours": /has \d+ samples of .+, and windows of/,
  "late wills": /the will of an old session of .+ ended its new one/,
};

for (const bug of Object.keys(plantedBugs) as PlantedBug[])
  test(`within two hundred worlds the planted bug "${bug}" is found by what it breaks`, async (context) => {
    const failure = await found(bug, finders[bug]);

    assert.ok(failure, "no seed found it");
    context.diagnostic(`seed ${failure.seed}: ${failure.violation}`);
    assert.match(
      failure.account,
      /seed \d+ \(".+"\): .+\nthe last \d+ events:(\n {2}.+)+\nreplay it with EDGEMERE_SEED=\d+/s,
    );
  });
