import assert from "node:assert/strict";
import { test } from "node:test";
import { aHolder, aTaker, chunks, content, resultOf } from "./neighbours.test-support.ts";

const PART = ".edgemere-c1.part";
const ends = chunks.reduce<number[]>((sum, { bytes }) => [...sum, (sum.at(-1) ?? 0) + bytes], []);

test("at whichever chunk the device beside it dies, the rest comes from the control plane, and nothing comes twice", async () => {
  for (const [place, end] of ends.slice(0, -1).entries()) {
    const dying = await aHolder("d2", {
      bend: (from, bytes) => {
        if (from >= end) void dying.giving[Symbol.asyncDispose]();
        return bytes;
      },
    });
    await using _gone = dying;
    await using taker = await aTaker([dying.named]);

    const { neighbourBytes = 0, fetchedBytes = 0 } = resultOf(await taker.put());

    assert.deepEqual(await taker.read(), content);
    assert.equal(neighbourBytes + fetchedBytes, content.length, `at chunk ${place}`);
    assert.ok(neighbourBytes >= end && fetchedBytes > 0, `${neighbourBytes} of ${end} at chunk ${place}`);
    assert.deepEqual(await taker.folder.names(), ["copy.bin"]);
  }
});

for (const [what, lost] of [
  ["is killed", 0],
  ["loses power", 200_000],
] as const)
  test(`at whichever chunk a device that fetches ${what}, no half file is seen, and it goes on behind the last good chunk`, async () => {
    for (const [place, end] of ends.slice(0, -1).entries()) {
      const stop = new AbortController();
      await using holder = await aHolder("d2", {
        bend: (from, bytes) => {
          if (from >= end && !stop.signal.aborted) stop.abort("agent-stopped");
          return bytes;
        },
      });
      await using taker = await aTaker([holder.named]);

      await assert.rejects(taker.put(stop.signal));
      assert.deepEqual(await taker.folder.names(), [PART], `at chunk ${place}`);
      const part = await taker.folder.read(PART);
      assert.ok(part.length >= end, `${part.length} of ${end}`);
      // The length stays, and bytes at the end are zero: what a file system may leave of what was not synced.
      part.fill(0, Math.max(0, part.length - lost));
      await taker.folder.write(PART, part);
      const { neighbourBytes = 0, fetchedBytes } = resultOf(await taker.put());

      assert.deepEqual(await taker.read(), content);
      assert.deepEqual(await taker.folder.names(), ["copy.bin"]);
      assert.equal(fetchedBytes, 0);
      assert.ok(neighbourBytes <= content.length - part.length + lost + 512 * 1024, `${neighbourBytes} at ${place}`);
    }
  });
