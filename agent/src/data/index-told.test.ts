import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { IndexChecksum, type IndexedFile, type RecordBody, type StreamName } from "@edgemere/protocol";
import { SECOND, silentLog } from "@edgemere/protocol/kit";
import { ManualClock, seededRandom, SimulatedDisk } from "@edgemere/protocol/simulated";
import fc from "fast-check";
import type { DataFile, Host } from "../host/host.ts";
import { DataSources } from "./sources.ts";

type Report = NonNullable<RecordBody["dataSource"]>;
const START = 1_767_225_600_000;
const hashOf = (content: string) => createHash("sha256").update(content).digest("hex");

/** Whoever hears the reports: believes what follows on what it knows and adds up, and has everything told again otherwise. */
class Listener {
  readonly files = new Map<string, IndexedFile>();
  #number = 0;
  #left = 0;

  /** False where it is to be asked for. */
  hear({ items = [], removed = [], index = 0, indexBefore = 0, indexChecksum, part = 0, parts = 1 }: Report): boolean {
    const isWhole = indexBefore === 0;
    if (isWhole && part === 0) this.files.clear();
    if (isWhole) this.#left = parts - part - 1;
    const follows = isWhole || indexBefore === this.#number;
    for (const name of removed) this.files.delete(name);
    for (const { name = "", bytes = 0, hash, modifiedAtMs = 0 } of items)
      this.files.set(name, { name, bytes, hash: Buffer.from(hash ?? []).toString("hex"), modifiedAt: modifiedAtMs });
    this.#number = index;
    const checksum = new IndexChecksum();
    for (const each of this.files.values()) checksum.toggle(each);
    const addsUp = this.#left > 0 || checksum.bytes.equals(indexChecksum ?? new Uint8Array());
    if (!follows || !addsUp) this.#number = -1;
    return follows && addsUp;
  }
}

const anEvent = fc.record({
  what: fc.constantFrom("write", "remove", "pass", "lose", "restart", "cut-power", "old-disk", "damage"),
  name: fc.constantFrom("a", "b", "c", "d"),
  content: fc.string({ minLength: 1, maxLength: 3 }),
});

test("whatever changes, is lost, dies or comes back from an old disk, in the end what was told is the directory", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anEvent, { maxLength: 20 }), fc.integer(), async (events, seed) => {
      const random = seededRandom(seed);
      const clock = new ManualClock(START);
      const disk = new SimulatedDisk();
      const files = new Map<string, { readonly content: string; readonly modifiedAt: number }>();
      const host = {
        listFiles: async (): Promise<readonly DataFile[]> =>
          [...files].map(([name, { content, modifiedAt }]) => ({ name, bytes: content.length, modifiedAt })),
        hashFile: async (_: string, name: string) => hashOf(files.get(name)?.content ?? ""),
        capacity: async () => ({ totalBytes: 1_000, freeBytes: 500 }),
      } as unknown as Host;
      const listener = new Listener();
      const state = { isDeaf: false };
      let duty = begin();

      function begin(): DataSources {
        const outbox = {
          append: async (_: StreamName, { dataSource }: RecordBody) => {
            if (dataSource && !state.isDeaf && !listener.hear(dataSource)) duty.tellAll("logs");
          },
        };
        const env = { clock, random, disk, log: silentLog };
        const config = { sources: [{ name: "logs", path: "/logs" }], dataEvery: 30 * SECOND };
        const made = new DataSources({ env, host, outbox, config });
        made.start();
        return made;
      }
      const again = async (meanwhile: () => void) => {
        await duty[Symbol.asyncDispose]();
        meanwhile();
        duty = begin();
        await clock.advance(SECOND);
      };

      await clock.advance(SECOND);
      let old = disk.image(random);
      for (const { what, name, content } of events) {
        if (what === "write") files.set(name, { content, modifiedAt: clock.now() });
        if (what === "remove") files.delete(name);
        if (what === "pass") await clock.advance(31 * SECOND);
        if (what === "lose") {
          state.isDeaf = true;
          await clock.advance(31 * SECOND);
          state.isDeaf = false;
        }
        if (what === "restart") await again(() => (old = disk.image(random)));
        if (what === "cut-power") await again(() => disk.cutPower(random));
        if (what === "old-disk") await again(() => disk.restore(old));
        if (what === "damage") await again(() => void disk.flipBit(random));
      }
      duty.confirm();
      await clock.advance(700 * SECOND);
      await duty[Symbol.asyncDispose]();

      assert.deepEqual(
        Object.fromEntries([...listener.files.values()].map(({ name, hash }) => [name, hash])),
        Object.fromEntries([...files].map(([name, { content }]) => [name, hashOf(content)])),
      );
    }),
    { numRuns: 100 },
  );
});
