import assert from "node:assert/strict";
import { test } from "node:test";
import { DAY, MINUTE } from "@edgemere/protocol/kit";
import { ManualClock, seededRandom } from "@edgemere/protocol/simulated";
import { signer, startTestCore, type CoreContext, type TestCore } from "../platform/core.test-support.ts";
import { feature } from "../platform/feature.ts";
import { aDevice } from "./device.test-support.ts";
import { device } from "./devices/contract.ts";
import { realm } from "./devices/selector-contract.ts";
import { explainJob } from "./jobs/contract.ts";
import { jobs, type JobsContext } from "./jobs/index.ts";
import { answer, devicesIn, idOf, lookAt, roll, steps } from "./jobs/rollouts.test-support.ts";
import { SeriesLists, telemetryAggregator, type TelemetryContext } from "./telemetry-aggregator/index.ts";

type Context = CoreContext & JobsContext & TelemetryContext;
const fleet = feature<Context>({ name: "fleet", resources: [device], realm, actions: [] });
const SIZE = 48;
const METRIC = "memory.used_bytes";
const SPAN = 600;
const canary = { metric: METRIC, stratum: "hardware.model", span: SPAN, patience: 3_600 };

/** Devices of two models, a and b by turns. */
async function startWorld(): Promise<TestCore<Context>> {
  const world = await startTestCore<Context>({
    features: [jobs, telemetryAggregator, fleet],
    clock: new ManualClock(1_800_000_000_000),
    context: {
      signer,
      authority: { trustDomain: "fleet.test" },
      approvers: { rule: "auto", hasOther: async () => false, isActive: async () => true },
      telemetry: { retention: 7 * DAY, seriesLists: new SeriesLists() },
    },
  });
  for (let place = 0; place < SIZE; place++)
    await world.store.commit(
      aDevice(idOf(place), {
        labels: { fleet: "f" },
        inventory: { "hardware.model": place % 2 === 0 ? "a" : "b" },
      }),
    );
  return world;
}

/** Some minutes in which every device tells how much memory it uses: about 1000, times what its factor is. */
async function goesBy(world: TestCore<Context>, minutes: number, factorOf: (place: number) => number, seed: number) {
  const random = seededRandom(seed);
  for (let minute = 0; minute < minutes; minute++) {
    await world.advance(MINUTE);
    for (let place = 0; place < SIZE; place++) {
      const value = 1_000 * factorOf(place) * (1 + (random.next() - 0.5) / 100);
      await world.report(idOf(place), "telemetry", {
        telemetry: {
          baseMs: world.clock.now(),
          series: [{ metric: METRIC, instance: "", values: [value] }],
          offsetMs: [0],
        },
      });
    }
  }
}

test("a leak in one model of hardware is found by its own telemetry: the rollout stops, and the numbers say why", async () => {
  await using world = await startWorld();
  await goesBy(world, 12, () => 1, 1);
  const { id } = await roll(world, { waves: [{ percent: 30 }, { percent: 50 }], canary });
  const changed = new Set(await devicesIn(world, id, "active"));
  await answer(world, id);

  await goesBy(world, 12, (place) => (changed.has(idOf(place)) && place % 2 === 1 ? 1.06 : 1), 2);
  await steps(world);

  const { state, stop, waves } = await lookAt(world, id);
  assert.deepEqual([state, stop?.reason, waves[0]?.canary?.verdict], ["partial", "canary", "rollback"]);
  const own = waves[0]?.canary?.comparisons.find(({ stratum }) => stratum === "b");
  assert.ok(own && own.low > 0 && Math.abs(own.change - 6) < 1, JSON.stringify(own));
  assert.equal((await devicesIn(world, id, "cancelled")).length, SIZE - changed.size);
});

test("a harmless rollout goes on to its next wave when the comparison says so", async () => {
  await using world = await startWorld();
  await goesBy(world, 12, () => 1, 3);
  const { id } = await roll(world, { waves: [{ percent: 30 }], canary });
  await answer(world, id);
  await goesBy(world, 12, () => 1, 4);
  await steps(world);

  const { waves, opened } = await lookAt(world, id);
  assert.deepEqual([waves[0]?.canary?.verdict, opened], ["continue", 2]);
});

test("explain names canary-holding first while there is nothing to compare, and paused-by-canary when that lasts too long", async () => {
  await using world = await startWorld();
  const { id } = await roll(world, { waves: [{ percent: 30 }], canary });
  await answer(world, id);
  const [waiting = ""] = await devicesIn(world, id, "queued");
  const why = async () => (await world.call(explainJob, { device: waiting, job: id })).reason;

  await world.advance(SPAN * 1_000);
  await steps(world);
  assert.equal(await why(), "canary-holding");
  await world.advance(2 * 60 * MINUTE);
  await steps(world);

  assert.equal(await why(), "paused-by-canary");
});
