import assert from "node:assert/strict";
import { test } from "node:test";
import { streamNames, type StreamName } from "@edgemere/protocol";
import { ManualClock, seededRandom } from "@edgemere/protocol/simulated";
import * as fc from "fast-check";
import { dyingDisk } from "./dying-disk.test-support.ts";
import { aBody, diskError, openSpool, Receiver, TroubledDisk } from "./spool.test-support.ts";

const SIZE = 12_000;

const count = fc.integer({ min: 1, max: 9 });
const stream = fc.constantFrom<StreamName>(...streamNames);
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant("append" as const), stream, count }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("acknowledge" as const), stream, count }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("fill" as const), stream, count }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("break" as const), stream, count }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("wait" as const), stream, count }) },
);
const life = fc.record({
  steps: fc.array(step, { maxLength: 14 }),
  dieAfter: fc.integer({ min: 1, max: 120 }),
  thins: fc.boolean(),
  flips: fc.option(fc.nat()),
});

/** A byte of an older file, one that lay there untouched, goes bad. */
async function flip(disk: TroubledDisk, at: number): Promise<void> {
  const name = streamNames[at % streamNames.length] ?? "event";
  const files = (await disk.list(`spool/${name}`)).slice(0, -1);
  const path = `spool/${name}/${files[at % files.length] ?? ""}`;
  const content = await disk.read(path);
  if (content === undefined || content.length === 0) return;
  await disk.write(path, content.with(at % content.length, (content[at % content.length] ?? 0) ^ 0x10));
}

test("whatever happens to power, room and disk, what was kept is delivered or explained, once, and received + explained = produced", async () => {
  const property = fc.asyncProperty(
    fc.array(life, { minLength: 1, maxLength: 6 }),
    fc.integer(),
    async (lives, seed) => {
      const disk = new TroubledDisk();
      const random = seededRandom(seed);
      const receivers = new Map(streamNames.map((each) => [each, new Receiver()]));
      const promised = new Map<StreamName, string[]>(streamNames.map((each) => [each, []]));
      let id = 0;

      for (const { steps, dieAfter, thins, flips } of lives) {
        const clock = new ManualClock();
        const mortal = dyingDisk(disk, dieAfter, random);
        const options = { clock, maxBytes: SIZE, ...(thins && { thin: { after: 2_000, keepEvery: 3 } }) };
        try {
          const spool = await openSpool(mortal, options);
          for (const { do: what, stream: name, count: many } of steps) {
            const receiver = receivers.get(name) as Receiver;
            if (what === "acknowledge") {
              await receiver.drain(spool, name);
              await spool.acknowledge(name, receiver.upTo);
            } else if (what === "append") {
              const append = async () => {
                const label = `r${id++}`;
                await spool.append(name, aBody(name, label, 100));
                promised.get(name)?.push(label);
              };
              await Promise.allSettled(Array.from({ length: many }, append));
            } else if (what === "wait") await clock.advance(many * 1_000);
            else {
              let left = many;
              const error = diskError(what === "fill" ? "ENOSPC" : "EIO");
              disk.trouble = () => (left-- > 0 ? error : undefined);
            }
          }
        } catch (error) {
          const isWanted = error instanceof Error && "code" in error;
          if (!mortal.isDead && !isWanted) throw error;
        }
        mortal.die();
        disk.trouble = () => undefined;
        disk.cutPower(random);
        if (flips !== null) await flip(disk, flips);
      }

      // A segment that is written anew may stand beside its former self.
      assert.ok(disk.peak <= SIZE * 1.5, `${disk.peak} bytes`);
      const clock = new ManualClock();
      const spool = await openSpool(disk, { clock, maxBytes: SIZE });
      await clock.advance(10_000);
      for (const [name, receiver] of receivers) {
        await receiver.drain(spool, name);
        const kept = promised.get(name) ?? [];
        const missing = kept.filter((each) => !receiver.names.includes(each));
        assert.ok(
          missing.length <= receiver.explained,
          `${name}: ${missing.length} missing, ${receiver.explained} explained`,
        );
        assert.equal(new Set(receiver.names).size, receiver.names.length);
      }
    },
  );
  await fc.assert(property, { numRuns: 500 });
});
