import assert from "node:assert/strict";
import { test } from "node:test";
import type { Disk } from "@edgemere/protocol/kit";
import { seededRandom, sameDisk, SimulatedDisk } from "@edgemere/protocol/simulated";
import { IdentitySlots } from "./identity-slots.ts";
import { anIdentity, certifiedFor as certified, publicHalf } from "./identity.test-support.ts";
import { loadIdentity, saveIdentity } from "./identity.ts";

const identity = anIdentity();
const first = identity.key;
const certifiedFor = (key: string) => certified(publicHalf(key));

/** One renewal from its beginning to its end. `issued` remembers what the control plane gave away. */
async function renew(disk: Disk, issued: string[]): Promise<void> {
  const slots = await IdentitySlots.open(disk, (await loadIdentity(disk)) ?? identity);
  const key = await slots.nextKey();
  issued.push(key);
  await slots.certified(certifiedFor(key));
  slots.forConnection();
  await slots.worked();
}

class PowerCut extends Error {}

/** Dies before, or in the middle of, the n-th change of the disk. */
function dyingAt(disk: SimulatedDisk, step: number, isUnderWay: boolean): Disk {
  let steps = 0;
  const guard =
    <A extends readonly unknown[]>(work: (...args: A) => Promise<void>) =>
    async (...args: A) => {
      if (++steps === step) {
        if (isUnderWay) {
          disk.troubles = { pause: () => new Promise<void>(() => {}) };
          void work(...args);
          disk.troubles = {};
        }
        throw new PowerCut();
      }
      await work(...args);
    };
  return {
    ...sameDisk(disk),
    write: guard((path: string, content: Uint8Array) => disk.write(path, content)),
    remove: guard((path: string) => disk.remove(path)),
  };
}

for (const isUnderWay of [false, true]) {
  for (const luck of [0, 0.99]) {
    test(`a power cut ${isUnderWay ? "in the middle of" : "before"} any step of a renewal leaves one identity that can be used, and the key that was asked for is not forgotten (luck ${luck})`, async () => {
      let cuts = 0;
      for (let step = 1; ; step++) {
        const disk = new SimulatedDisk();
        await saveIdentity(disk, identity);
        const issued: string[] = [];
        const isCut = await renew(dyingAt(disk, step, isUnderWay), issued).then(
          () => false,
          (error: unknown) => error instanceof PowerCut,
        );
        if (!isCut) break;
        cuts++;
        disk.cutPower({ ...seededRandom(1), next: () => luck });

        const kept = await loadIdentity(disk);
        assert.ok(kept, `after a cut at step ${step}`);
        const slots = await IdentitySlots.open(disk, kept);
        const owned = [slots.current.key, slots.newest.key];
        // Whoever was issued a certificate has its key, or asks for it again with the same one.
        if (issued.length > 0 && !owned.includes(issued[0] ?? "")) assert.equal(await slots.nextKey(), issued[0]);
        await renew(disk, []);
        assert.equal(
          (await IdentitySlots.open(disk, (await loadIdentity(disk)) ?? identity)).newest.joinState,
          "a newer state",
        );
        assert.deepEqual(await disk.list("."), ["identity.json"]);
      }
      assert.equal(cuts, 4, "asked for, certified, in its place, the rest gone");
    });
  }
}

test("a next identity that is refused makes way for the one before, which is tried in turn", async () => {
  const disk = new SimulatedDisk();
  await saveIdentity(disk, identity);
  const slots = await IdentitySlots.open(disk, identity);
  const key = await slots.nextKey();
  await slots.certified(certifiedFor(key));
  const tried: string[] = [];
  for (let attempt = 0; attempt < 3; attempt++) {
    tried.push(slots.forConnection().key === key ? "next" : "former");
    slots.refused();
  }

  assert.deepEqual(tried, ["next", "former", "next"]);
});

test("that the former identity works does not put the next one in its place", async () => {
  const disk = new SimulatedDisk();
  const slots = await IdentitySlots.open(disk, identity);
  slots.forConnection();
  await slots.certified(certifiedFor(await slots.nextKey()));

  await slots.worked();

  assert.equal(slots.current.key, first);
  assert.notEqual(slots.newest.key, first);
});

test("a next certificate stays good while a newer one is asked for", async () => {
  const slots = await IdentitySlots.open(new SimulatedDisk(), identity);
  const key = await slots.nextKey();
  await slots.certified(certifiedFor(key));

  await slots.nextKey();

  assert.equal(slots.newest.key, key);
});

test("a certificate for another key, or another device, is not kept", async () => {
  const slots = await IdentitySlots.open(new SimulatedDisk(), identity);
  await slots.nextKey();

  await assert.rejects(slots.certified(certifiedFor(first)), { name: "BadIdentity", message: /is not for its key/ });

  assert.equal(slots.newest.key, first);
});

test("a damaged next identity is as none: the one in use stays", async () => {
  const disk = new SimulatedDisk();
  await disk.write("identity-next.json", Buffer.from('{"ready": {"key": 5}}'));

  assert.equal((await IdentitySlots.open(disk, identity)).newest.key, first);
});

test("retired, nothing of the keys is left", async () => {
  const disk = new SimulatedDisk();
  await saveIdentity(disk, identity);
  const slots = await IdentitySlots.open(disk, identity);
  await slots.nextKey();

  await slots.wipe();

  assert.deepEqual(await disk.list("."), []);
});
