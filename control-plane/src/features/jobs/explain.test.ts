import assert from "node:assert/strict";
import { test } from "node:test";
import { put, updated } from "../../platform/change.ts";
import { HOUR } from "@edgemere/protocol/kit";
import { device } from "../devices/contract.ts";
import {
  cancelJob,
  cancelRollout,
  command,
  explainJob,
  pauseRollout,
  rollBackRollout,
  rollout,
  rolloutTarget,
} from "./contract.ts";
import { aReport, ask, type World } from "./jobs.test-support.ts";
import {
  alice,
  answer,
  exec,
  change,
  devicesIn,
  idOf,
  lookAt,
  roll,
  startFleet,
  steps,
  targetsIn,
  why,
} from "./rollouts.test-support.ts";
import { blockReasons, type BlockReason } from "./rollout-words-contract.ts";
import { conducts } from "./tables.ts";

const closed = { days: ["mon"], at: "12:00", minutes: 60 } as const;
const windows = [{ ...closed, days: [...closed.days] }];

/** Makes it happen to a device of a new world, and gives the rollout; the device is f000 unless told otherwise. */
type Making = (world: World) => Promise<string | readonly [string, device: string]>;
const start = async (world: World, over: Parameters<typeof roll>[1] = {}) => (await roll(world, over)).id;
const afterwards = async (world: World, over: Parameters<typeof roll>[1], then: (id: string) => Promise<unknown>) => {
  const id = await start(world, over);
  await then(id);
  await steps(world);
  return id;
};
/** A device to which something happened before the rollout began. */
const before =
  (over: Parameters<typeof change>[2], wish: Parameters<typeof roll>[1] = {}): Making =>
  async (world) => {
    await change(world, idOf(0), over);
    return start(world, wish);
  };
/** The command of the only device under way, told to be as far. */
const reported =
  (phase: "journaled" | "running"): Making =>
  (world) =>
    afterwards(world, { devices: ["f000"] }, async (id) => {
      const [{ job = "" } = {}] = await targetsIn(world, id);
      const [row] = (await world.store.list(command, { index: "job", prefix: [job] })).items;
      assert.ok(row);
      await world.hello(idOf(0));
      await world.report(idOf(0), "result", aReport(row, phase, { finishedAtMs: 0 }));
    });
const othersLater = { waves: [{ selector: "name=f000", soak: 600 }] };
const othersFirst = { waves: [{ selector: "name=f001", soak: 600 }] };

// The others take another world, and have a test of their own.
const makings: Readonly<
  Record<
    Exclude<
      BlockReason,
      | "rollout-planned"
      | "turn-comes"
      | "author-locked"
      | "approval-pending"
      | "dangerous-cap"
      | "outside-scope"
      | "canary-holding"
      | "policy-refuses"
      | "policy-wants-approval"
      | "paused-by-canary"
      | "secrets-gone"
    >,
    Making
  >
> = {
  "not-selected": (world) => start(world, { devices: ["f001"] }),
  "target-succeeded": (world) => afterwards(world, {}, (id) => answer(world, id)),
  "target-failed": (world) => afterwards(world, {}, (id) => answer(world, id, () => "failed")),
  "target-skipped": before({ presence: "offline" }, { queueTimeout: 1 }),
  "target-cancelled": async (world) => {
    await change(world, idOf(0), { presence: "offline" });
    return afterwards(world, {}, (rollout) => world.call(cancelRollout, { rollout }));
  },
  "rolling-back": (world) => undone(world, () => "nothing"),
  "rolled-back": (world) => undone(world, () => "succeeded"),
  "rollback-failed": (world) => undone(world, () => "failed"),
  "command-queued": (world) => start(world, { devices: ["f000"] }),
  "command-offered": (world) => afterwards(world, { devices: ["f000"] }, () => world.hello(idOf(0))),
  "command-journaled": reported("journaled"),
  "command-running": reported("running"),
  "rollout-stopped": async (world) => {
    const id = await start(world, othersFirst);
    await world.call(cancelRollout, { rollout: id });
    return id;
  },
  "paused-by-person": (world) => afterwards(world, othersFirst, (rollout) => world.call(pauseRollout, { rollout })),
  "paused-by-threshold": (world) => afterwards(world, othersFirst, (id) => answer(world, id, () => "failed")),
  "device-retired": (world) => afterwards(world, othersFirst, () => retire(world)),
  "left-selection": (world) =>
    afterwards(world, { ...othersFirst, mode: "continuous" }, () => change(world, idOf(0), { labels: {} })),
  "takes-no-commands": (world) => afterwards(world, othersFirst, () => change(world, idOf(0), { speaks: "sparkplug" })),
  "no-sealing-key": (world) => start(world, { ...othersFirst, ...exec, secrets: { PASSWORD: "hush" } }),
  "kind-unsupported": (world) =>
    afterwards(world, othersFirst, async () => {
      const row = await world.store.get(device, idOf(0));
      assert.ok(row);
      await change(world, idOf(0), { agent: { ...row.agent, capabilities: ["command:exec"] } });
    }),
  "wave-not-reached": (world) => start(world, othersFirst),
  "wave-soaking": (world) => afterwards(world, othersFirst, (id) => answer(world, id)),
  "retry-pause": (world) =>
    afterwards(world, { retries: { device: { times: 1, pause: 600 } } }, (id) => answer(world, id, () => "failed")),
  "penalty-box": async (world) => {
    await world.store.commit(put(conducts, { id: idOf(0), failedAt: [], boxedUntil: world.clock.now() + HOUR }));
    return start(world);
  },
  "device-pending": async (world) => {
    await brought(world, "pending");
    return start(world);
  },
  "device-quarantined": async (world) => {
    await brought(world, "quarantined");
    return start(world);
  },
  "busy-elsewhere": async (world) => {
    await start(world);
    return start(world);
  },
  "queue-full": async (world) => {
    for (let one = 0; one < 1_000; one++) await ask(world, { device: "f000" });
    return start(world);
  },
  "time-zone-unknown": (world) => start(world, { windows }),
  "window-closed": before({ labels: { fleet: "f", timezone: "UTC" } }, { windows }),
  "device-offline": before({ presence: "offline" }),
  "disruption-budget": async (world) => [await start(world, { budget: { label: "fleet", most: 1 } }), idOf(1)],
  "too-many-at-once": async (world) => waitingIn(world, await start(world, { atOnce: 1 })),
  "rate-limit": async (world) => waitingIn(world, await start(world, { rate: { perMinute: 0.1 } })),
};

/** A rollout of which f000 had its share and that is undone, as the device answers then. */
async function undone(world: World, how: Parameters<typeof answer>[2]): Promise<string> {
  const { id } = await roll(world, { ...othersLater, rollback: { kind: "ping" } });
  await answer(world, id);
  await world.call(rollBackRollout, { rollout: id });
  await steps(world);
  const { undoneBy } = await lookAt(world, id);
  await answer(world, undoneBy?.rollout ?? "", how);
  await steps(world);
  return id;
}
async function waitingIn(world: World, id: string): Promise<readonly [string, string]> {
  const [waiting] = await devicesIn(world, id, "queued", "waiting");
  return [id, waiting ?? ""];
}
async function brought(world: World, state: "pending" | "quarantined"): Promise<void> {
  const row = await world.store.get(device, idOf(0));
  assert.ok(row);
  await world.store.commit(updated(device, { ...row, state }, {}));
}
async function retire(world: World): Promise<void> {
  const row = await world.store.get(device, idOf(0));
  assert.ok(row);
  await world.store.commit(updated(device, { ...row, state: "retired" }, {}));
}

for (const [reason, make] of Object.entries(makings))
  test(`explain names ${reason} first, where ${blockReasons[reason as BlockReason]}`, async () => {
    await using world = await startFleet(2);

    const made = await make(world);
    const [id, of] = typeof made === "string" ? [made, idOf(0)] : made;

    assert.equal(await why(world, id, of), reason);
  });

test("explain names approval-pending first, where a second person has to say yes", async () => {
  await using world = await startFleet(1, { approvers: { hasOther: async () => true } });

  assert.equal(await why(world, (await roll(world, exec, alice)).id), "approval-pending");
});

test("explain names author-locked first, where the account of who asked is locked", async () => {
  await using world = await startFleet(1, { approvers: { isActive: async () => false } });

  assert.equal(await why(world, (await roll(world, {}, alice)).id), "author-locked");
});

test("explain names dangerous-cap first, where who asked has asked for as much as one may, and says until when", async () => {
  await using world = await startFleet(2, { dangerousCaps: { perMinute: 1, perHour: 10 } });
  const { id } = await roll(world, exec, alice);
  const [, of] = await waitingIn(world, id);

  const { reason, until = 0 } = await world.call(explainJob, { device: of, job: id });

  assert.deepEqual([reason, until > world.clock.now()], ["dangerous-cap", true]);
});

test("explain names outside-scope first, where who asked may not ask this device any more", async () => {
  await using world = await startFleet(2);
  const limited = ["job:create", "command:ping"].map((permission) => ({ permission, selectors: ["fleet=f"] }));
  const { id } = await roll(world, othersFirst, { ...alice, permissions: [], limited });
  await change(world, idOf(0), { labels: {} });

  assert.equal(await why(world, id), "outside-scope");
});

test("explain names rollout-planned first, while the devices are being written down", async () => {
  await using world = await startFleet(2);
  const { id } = await roll(world, othersFirst);
  const row = await lookAt(world, id);
  await world.store.commit(updated(rollout, { ...row, state: "planned", written: 0 }, {}));

  assert.equal(await why(world, id), "rollout-planned");
});

test("explain says of a job for one device what it waits for", async () => {
  await using world = await startFleet(1);
  await change(world, idOf(0), { presence: "offline" });
  const { job } = await ask(world, { device: "f000" });

  assert.equal(await why(world, job), "device-offline");
  await world.call(cancelJob, { job });
  assert.equal(await why(world, job), "target-cancelled");
  await assert.rejects(world.call(explainJob, { device: "f000", job: "nothing" }), { type: "not-found" });
});

test("explain names turn-comes first, where nothing blocks: the device begins at the next look", async () => {
  await using world = await startFleet(2);
  const { id } = await roll(world, othersFirst);
  const [row] = await targetsIn(world, id, "queued");
  assert.ok(row);
  await world.store.commit(updated(rolloutTarget, row, { wave: 0 }));

  assert.equal(await why(world, id), "turn-comes");
});
