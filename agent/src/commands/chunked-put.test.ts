import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { test } from "node:test";
import { Chunker, encodeChunks } from "@edgemere/protocol";
import { silentLog } from "@edgemere/protocol/kit";
import { ManualClock, seededRandom, SimulatedDisk } from "@edgemere/protocol/simulated";
import { transferFolder } from "../host/linux/transfer-folder.test-support.ts";
import { linuxTransfers } from "../host/linux/transfers.ts";
import type { ContentRoad } from "../link/content-road.ts";
import { Pace } from "./files/pace.ts";
import { PartFiles } from "./files/part-files.ts";
import { filePut } from "./handlers/file-put.ts";
import type { HandlerContext } from "./handlers/handler.ts";

function someBytes(length: number): Buffer {
  const blocks = Array.from({ length: Math.ceil(length / 32) }, (_, i) => createHash("sha256").update(`${i}`).digest());
  return Buffer.concat(blocks).subarray(0, length);
}
const former = someBytes(2_000_000);
const content = Buffer.concat([former.subarray(0, 900_000), Buffer.from("a word more"), former.subarray(900_000)]);
const sha256 = createHash("sha256").update(content).digest();
const chunker = new Chunker();
chunker.write(content);
const chunks = chunker.end();
const PART = ".edgemere-c1.part";

/** A folder that is open, and a control plane that gives `content` and its chunks. */
async function aMachine(over: Partial<ContentRoad> = {}) {
  const folder = await transferFolder();
  const clock = new ManualClock();
  const disk = new SimulatedDisk();
  const counted = { bytes: 0 };
  const road: ContentRoad = {
    fetch: async ({ from, limit }) => {
      counted.bytes += limit;
      return content.subarray(from, from + limit);
    },
    chunks: async ({ from, limit }) => encodeChunks(chunks).subarray(from, from + limit),
    neighbours: async () => ({ permit: "", neighbours: [] }),
    offer: async () => ({ received: 0, state: "uploading", reason: "" }),
    send: async () => ({ received: 0, state: "uploading", reason: "" }),
    [Symbol.asyncDispose]: async () => {},
    ...over,
  };
  const put = (signal = new AbortController().signal, windows: ConstructorParameters<typeof Pace>[0]["windows"] = []) =>
    filePut.run(
      { path: join(folder.root, "app.bin"), sha256, bytes: content.length, mode: 0, owner: "" } as never,
      {
        command: "c1",
        signal,
        output: () => {},
        files: {
          clock,
          random: seededRandom(1),
          road,
          transfers: linuxTransfers([]),
          pace: new Pace({ windows }, clock, () => clock.now()),
          parts: new PartFiles({ disk, log: silentLog }),
          roots: [folder.root],
        },
      } as unknown as HandlerContext,
    );
  return { ...folder, put, counted, clock, road };
}

test("of a file that has changed only the chunks come that the one before does not have", async () => {
  await using machine = await aMachine();
  await machine.write("app.bin", former);

  const outcome = await machine.put();

  assert.ok("result" in outcome);
  const { fetchedBytes = 0, heldBytes = 0 } = outcome.result ?? {};
  assert.equal(fetchedBytes + heldBytes, content.length);
  assert.ok(fetchedBytes > 0 && fetchedBytes < 1_000_000, `${fetchedBytes}`);
  assert.equal(machine.counted.bytes, fetchedBytes);
  assert.deepEqual(await machine.read("app.bin"), content);
  assert.deepEqual(await machine.names(), ["app.bin"]);
});

test("a chunk that is not what it must be is found at that chunk, and nothing of the file is left", async () => {
  await using machine = await aMachine({
    fetch: async ({ from, limit }) => {
      const given = Buffer.from(content.subarray(from, from + limit));
      if (from > 1_000_000) given.writeUInt8(given.readUInt8(7) ^ 1, 7);
      return given;
    },
  });
  await machine.write("app.bin", "before");

  const outcome = await machine.put();

  assert.ok("reason" in outcome);
  assert.equal(outcome.reason, "bad-hash");
  assert.match(outcome.detail, /^the \d+ bytes from \d+ on are not the content's$/);
  assert.deepEqual(await machine.names(), ["app.bin"]);
  assert.equal((await machine.read("app.bin")).toString(), "before");
});

for (const [what, list] of [
  ["no list of chunks", new Uint8Array()],
  ["a list of other content", encodeChunks(chunks.slice(1))],
  ["a list that is cut off", encodeChunks(chunks).subarray(1)],
] as const)
  test(`from a control plane that gives ${what} the content comes as a whole`, async () => {
    await using machine = await aMachine({ chunks: async () => list });

    const outcome = await machine.put();

    assert.deepEqual(outcome, {
      result: { fetchedBytes: content.length, heldBytes: 0, neighbourBytes: 0, hasChanged: true },
    });
    assert.deepEqual(await machine.read("app.bin"), content);
  });

test("wherever it is stopped, and whatever a power cut leaves of it, it goes on behind the last good chunk and leaves no half file", async () => {
  for (let step = 0; step < 6; step++)
    for (const lost of [0, 1, 200_000, 5_000_000]) {
      const stop = new AbortController();
      let fetches = 0;
      await using machine = await aMachine();
      const given: ContentRoad["fetch"] = machine.road.fetch.bind(machine.road);
      Object.assign(machine.road, {
        fetch: async (ask: Parameters<typeof given>[0], signal: AbortSignal) => {
          if (fetches++ === step && !stop.signal.aborted) {
            stop.abort("agent-stopped");
            throw new Error("the connection is gone");
          }
          return given(ask, signal);
        },
      });
      const first = await machine.put(stop.signal).then(
        () => "done",
        () => "stopped",
      );
      const before = machine.counted.bytes;
      if (first === "stopped") {
        assert.deepEqual(await machine.names(), [PART]);
        const part = await machine.read(PART);
        // The length stays, and bytes at the end are zero: what a file system may leave of what was not synced.
        part.fill(0, Math.max(0, part.length - lost));
        await machine.write(PART, part);
      }

      const again = await machine.put();

      assert.ok("result" in again, `${step} ${lost}`);
      assert.deepEqual(await machine.read("app.bin"), content);
      assert.deepEqual(await machine.names(), ["app.bin"]);
      const anew = machine.counted.bytes - content.length;
      assert.ok(anew <= Math.min(before, lost + 512 * 1024), `${anew} bytes came twice at step ${step}, ${lost} lost`);
    }
});

test("at a slow pace a chunk comes in several pieces, and no more at once than a second allows", async () => {
  const limits: number[] = [];
  await using machine = await aMachine({
    fetch: async ({ from, limit }) => {
      limits.push(limit);
      return content.subarray(from, from + limit);
    },
  });
  const running = { isOver: false };
  const work = machine
    .put(undefined, [{ from: 0, to: 0, bytesPerSecond: 20_000 }])
    .finally(() => (running.isOver = true));
  while (!running.isOver) await machine.clock.advance(1_000);

  assert.ok("result" in (await work));
  assert.ok(Math.max(...limits) <= 20_000);
});
