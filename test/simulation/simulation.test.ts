import assert from "node:assert/strict";
import { test } from "node:test";
import type { Appender, Disk } from "@edgemere/protocol/kit";
import { profiles } from "./profiles.ts";
import { runSeed, SeedFailed } from "./run-seed.ts";
import type { PlantedBugs } from "./world.ts";

/** The first of so many seeds that finds a bug, with what it says. */
async function found(bugs: PlantedBugs, within = 200): Promise<SeedFailed | undefined> {
  for (let seed = 0; seed < within; seed++) {
    try {
      await runSeed(seed, bugs);
    } catch (error) {
      if (error instanceof SeedFailed) return error;
      throw error;
    }
  }
  return undefined;
}

test("the same seed gives the same run, event for event, in every profile", async () => {
  for (let seed = 0; seed < 2 * profiles.length; seed++) assert.deepEqual(await runSeed(seed), await runSeed(seed));
});

test("different seeds give different runs", async () => {
  assert.notEqual((await runSeed(0)).fingerprint, (await runSeed(profiles.length)).fingerprint);
});

test("a disk that does not keep what it was told to sync is found", async () => {
  const failure = await found({ wear: unsynced });

  assert.match(failure?.message ?? "no seed found it", /replay it with EDGEMERE_SEED=\d+/);
});

test("a database that answers before a batch is durable is found", async () => {
  const failure = await found({ unsavedBatches: 1 });

  assert.match(failure?.message ?? "no seed found it", /seed \d+ \(".+"\): .+\nthe last \d+ events:/);
});

/** The disk, but a sync does nothing. */
function unsynced(disk: Disk): Disk {
  const append = async (path: string): Promise<Appender> => {
    const file = await disk.append(path);
    return {
      get size() {
        return file.size;
      },
      write: (content) => file.write(content),
      sync: async () => {},
      close: () => file.close(),
    };
  };
  return {
    append,
    read: (path) => disk.read(path),
    list: (folder) => disk.list(folder),
    write: (path, content) => disk.write(path, content),
    truncate: (path, size) => disk.truncate(path, size),
    rename: (from, to) => disk.rename(from, to),
    remove: (path) => disk.remove(path),
    space: () => disk.space(),
  };
}
