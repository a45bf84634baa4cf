import assert from "node:assert/strict";
import { test } from "node:test";
import { MINUTE, silentLog } from "@edgemere/protocol/kit";
import { memoryDatabase, type Database, type Operation } from "../../platform/database.ts";
import { aDevice } from "../device.test-support.ts";
import { admissions } from "./admission.ts";
import { retireDevice } from "./contract.ts";
import { startDevices } from "./devices.test-support.ts";

/** A database whose reads can be made to fail, or to hang until they are let go, and whose writes can be made to fail. */
function troubled() {
  const sound = memoryDatabase();
  const trouble: { read?: () => Promise<void>; write?: () => Promise<void> } = {};
  const database: Database = Object.assign(Object.create(sound) as Database, {
    batch: async (operations: readonly Operation[]) => {
      await trouble.write?.();
      return sound.batch(operations);
    },
    get: async (key: string) => {
      await trouble.read?.();
      return sound.get(key);
    },
  });
  return { database, trouble };
}

async function aWorld() {
  const { database, trouble } = troubled();
  const world = await startDevices({ database });
  await world.store.commit(
    aDevice("d1", { certificate: { serial: "a1", notAfter: world.clock.now() + MINUTE } }),
    aDevice("d2", { certificate: { serial: "a2", notAfter: world.clock.now() + MINUTE } }),
  );
  const judge = admissions({ ...world, log: silentLog });
  let release = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  return {
    ...world,
    judge,
    trouble,
    /** Lasts until the test is over. */
    held,
    [Symbol.asyncDispose]: async () => {
      delete trouble.read;
      release();
      await judge[Symbol.asyncDispose]();
      await world[Symbol.asyncDispose]();
    },
  };
}
const failing = () => Promise.reject(new Error("the disk does not answer"));

test("where the store cannot be read, whoever was admitted before with the same certificate is, and of others nothing is said", async () => {
  await using world = await aWorld();
  assert.deepEqual(await world.judge.admit("d1", "a1"), { kind: "admitted" });
  world.trouble.read = failing;

  assert.deepEqual(await world.judge.admit("d1", "a1"), { kind: "admitted" });
  await assert.rejects(world.judge.admit("d1", "another"), /does not answer/);
  await assert.rejects(world.judge.admit("d2", "a2"), /does not answer/);
});

test("a store that hangs is as one that cannot be read", async () => {
  await using world = await aWorld();
  await world.judge.admit("d1", "a1");
  world.trouble.read = () => world.held;

  const [known, other] = [world.judge.admit("d1", "a1"), world.judge.admit("d2", "a2")];
  other.catch(() => undefined);
  await world.clock.advance(5_000);

  assert.deepEqual(await known, { kind: "admitted" });
  await assert.rejects(other, /no answer within 5000 ms/);
});

test("what is remembered of an admission ends with a revocation, also when the store fails right after", async () => {
  await using world = await aWorld();
  await world.judge.admit("d1", "a1");
  await world.call(retireDevice, { device: "d1" });
  await world.settle();
  world.trouble.read = failing;

  assert.deepEqual(await world.judge.admit("d1", "a1"), { kind: "refused", why: "the device was retired" });
  // After a failed write the store takes nothing for known either.
  delete world.trouble.read;
  world.trouble.write = failing;
  await assert.rejects(world.store.commit(aDevice("d3")), /does not answer/);
  world.trouble.read = failing;
  await assert.rejects(world.judge.admit("d1", "a1"), /does not answer/);
});

test("a device that waits for approval is not let in, and a refusal is not forgotten for a failing store", async () => {
  await using world = await aWorld();
  assert.deepEqual(await world.judge.admit("d2", "wrong"), { kind: "refused", why: "the certificate was replaced" });
  world.trouble.read = failing;

  await assert.rejects(world.judge.admit("d2", "wrong"), /does not answer/);
});
