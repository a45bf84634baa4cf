import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { test } from "node:test";
import { silentLog } from "@edgemere/protocol/kit";
import { ManualClock, seededRandom, SimulatedDisk } from "@edgemere/protocol/simulated";
import { transferFolder } from "../host/linux/transfer-folder.test-support.ts";
import { linuxTransfers } from "../host/linux/transfers.ts";
import { ContentLater, ContentRefused, type ContentRoad, type SentPiece } from "../link/content-road.ts";
import { Pace } from "./files/pace.ts";
import { PartFiles } from "./files/part-files.ts";
import { fileGet } from "./handlers/file-get.ts";
import { fileList } from "./handlers/file-list.ts";
import { filePut } from "./handlers/file-put.ts";
import type { HandlerContext } from "./handlers/handler.ts";

const content = Buffer.from(Array.from({ length: 1_300_000 }, (_, i) => (i * 31) >> 4));
const sha256 = createHash("sha256").update(content).digest();

/** A folder that is open, and a control plane that gives `content`, and takes what it is sent. */
async function aMachine(road: Partial<ContentRoad> = {}) {
  const folder = await transferFolder();
  const { root } = folder;
  const clock = new ManualClock();
  const stop = new AbortController();
  const disk = new SimulatedDisk();
  const asked: number[] = [];
  const sent: Buffer[] = [];
  const transfers = linuxTransfers([]);
  const parts = new PartFiles({ disk, log: silentLog });
  const received = () => sent.reduce((sum, each) => sum + each.length, 0);
  const usual: ContentRoad = {
    fetch: async ({ from, limit }) => {
      asked.push(from);
      return content.subarray(from, from + limit);
    },
    chunks: async () => new Uint8Array(),
    neighbours: async () => ({ permit: "", neighbours: [] }),
    offer: async () => ({ received: 0, state: "uploading", reason: "" }),
    send: async ({ content: piece, sha256: hash }: SentPiece) => {
      if (piece !== undefined) sent.push(Buffer.from(piece));
      return { received: received(), state: hash === undefined ? "uploading" : "ready", reason: "" };
    },
    [Symbol.asyncDispose]: async () => {},
  };
  const said: string[] = [];
  const context = (signal = stop.signal) =>
    ({
      command: "c1",
      signal,
      output: (_: string, bytes: Uint8Array) => void said.push(Buffer.from(bytes).toString()),
      files: {
        clock,
        random: seededRandom(1),
        road: { ...usual, ...road },
        transfers,
        pace: new Pace({ windows: [] }, clock, () => clock.now()),
        parts,
        roots: [root],
      },
    }) as unknown as HandlerContext;
  const path = join(root, "app.bin");
  const given = { path, sha256, bytes: content.length, mode: 0, owner: "" };
  return {
    ...folder,
    path,
    asked,
    sent,
    said,
    disk,
    transfers,
    stop,
    /** Goes on until it is done, however long it pauses. */
    put: async (over: object = {}, signal?: AbortSignal) =>
      passing(clock, filePut.run({ ...given, ...over } as never, context(signal))),
    list: (over: object = {}) => fileList.run({ path: root, after: "", most: 200, ...over } as never, context()),
    get: async (maxBytes = 10_000_000) => passing(clock, fileGet.run({ path, maxBytes } as never, context())),
  };
}

async function passing<T>(clock: ManualClock, work: Promise<T>): Promise<T> {
  const running = { isOver: false };
  const done = work.finally(() => (running.isOver = true));
  done.catch(() => {});
  while (!running.isOver) await clock.advance(1_000);
  return done;
}

test("a file is put in place piece by piece, and the second time nothing comes", async () => {
  await using machine = await aMachine();

  const first = await machine.put();
  const second = await machine.put();

  assert.deepEqual(first, {
    result: { fetchedBytes: content.length, heldBytes: 0, neighbourBytes: 0, hasChanged: true },
  });
  assert.deepEqual(second, { result: { fetchedBytes: 0, heldBytes: 0, neighbourBytes: 0, hasChanged: false } });
  assert.deepEqual(await machine.read("app.bin"), content);
  assert.deepEqual(machine.asked, [0, 524_288, 1_048_576]);
  assert.match(machine.said.at(-1) ?? "", /received 1300000 of 1300000 bytes/);
});

test("a file goes on where it was when the agent was stopped, and the next start fetches only the rest", async () => {
  const stop = new AbortController();
  await using machine = await aMachine({
    fetch: async ({ from, limit }) => {
      if (from > 0 && !stop.signal.aborted) {
        stop.abort("agent-stopped");
        throw new Error("the connection is gone");
      }
      return content.subarray(from, from + limit);
    },
  });
  await assert.rejects(machine.put({}, stop.signal), /stopped before all of the content/);

  const again = await machine.put();

  assert.deepEqual(again, {
    result: { fetchedBytes: content.length - 524_288, heldBytes: 0, neighbourBytes: 0, hasChanged: true },
  });
  assert.deepEqual(await machine.read("app.bin"), content);
});

test("a file that was cancelled half way leaves nothing", async () => {
  const stop = new AbortController();
  await using machine = await aMachine({
    fetch: async ({ from, limit }) => {
      if (from > 0) stop.abort("cancelled");
      return content.subarray(from, from + limit);
    },
  });

  await assert.rejects(machine.put({}, stop.signal), /stopped/);

  assert.deepEqual(await machine.names(), []);
});

for (const [what, fetch, message] of [
  ["another content", async ({ limit }: { limit: number }) => Buffer.alloc(limit, 7), /what came has the SHA-256/],
  ["a content that ends too soon", async () => Buffer.alloc(0), /the content ends after 0 of 1300000 bytes/],
  [
    "more than it asked for",
    async ({ limit }: { limit: number }) => Buffer.alloc(limit + 1),
    /the content ends after 0 of/,
  ],
] as const)
  test(`a device that is given ${what} keeps nothing of it, and the file from before stays`, async () => {
    await using machine = await aMachine({ fetch });
    await machine.write("app.bin", "before");

    const outcome = await machine.put();

    assert.ok("reason" in outcome);
    assert.equal(outcome.reason, "bad-hash");
    assert.match(outcome.detail, message);
    assert.equal((await machine.read("app.bin")).toString(), "before");
    assert.deepEqual(await machine.names(), ["app.bin"]);
  });

test("what an earlier run left and is damaged is fetched anew", async () => {
  await using machine = await aMachine();
  await machine.write(".edgemere-c1.part", Buffer.alloc(600_000));

  const outcome = await machine.put();

  assert.deepEqual(outcome, {
    result: { fetchedBytes: content.length, heldBytes: 0, neighbourBytes: 0, hasChanged: true },
  });
  assert.deepEqual(await machine.read("app.bin"), content);
});

test("a control plane that is not there, or wants to be asked later, is asked again; one that refuses is not", async () => {
  let asked = 0;
  const fetch: ContentRoad["fetch"] = async ({ from, limit }) => {
    asked += 1;
    if (asked < 3) throw new Error("no connection");
    if (asked === 3) throw new ContentLater("too many", 20_000);
    return content.subarray(from, from + limit);
  };
  await using machine = await aMachine({ fetch });
  assert.ok("result" in (await machine.put()));
  assert.equal(asked, 6);

  await using other = await aMachine({
    fetch: async () => {
      throw new ContentRefused("the control plane says: it is not here any more");
    },
  });
  const refused = await other.put();

  assert.deepEqual(refused, { reason: "no-content", detail: "the control plane says: it is not here any more" });
  assert.deepEqual(await other.names(), []);
});

test("parts of commands that will not go on are removed at the next start, and those of others stay", async () => {
  await using machine = await aMachine();
  const { disk, transfers } = machine;
  for (const mark of ["c1", "c2"]) await machine.write(`.edgemere-${mark}.part`, "x");
  const before = new PartFiles({ disk, log: silentLog });
  for (const mark of ["c1", "c2"]) await before.note(mark, { path: machine.path, roots: [machine.root] });

  await new PartFiles({ disk, log: silentLog }).sweep(new Set(["c2"]), transfers);

  assert.deepEqual(await machine.names(), [".edgemere-c2.part"]);
});

test("a file is sent whole, and its hash at the end", async () => {
  await using machine = await aMachine();
  await machine.write("app.bin", content);

  const outcome = await machine.get();

  assert.deepEqual(outcome, { result: { bytes: content.length, sha256, sentBytes: content.length } });
  assert.deepEqual(Buffer.concat(machine.sent), content);
});

test("what the control plane has already is not sent again, and is in the hash all the same", async () => {
  await using machine = await aMachine();
  await machine.write("app.bin", content);
  machine.sent.push(content.subarray(0, 600_000));

  const outcome = await machine.get();

  assert.deepEqual(outcome, { result: { bytes: content.length, sha256, sentBytes: content.length - 600_000 } });
});

test("a file that is larger than was asked for is not begun, and one that changes while it is read does not count", async () => {
  await using machine = await aMachine({
    send: async ({ from, content: piece }) => {
      if (piece !== undefined) await machine.write("app.bin", "changed meanwhile");
      return { received: from + (piece?.length ?? 0), state: "uploading", reason: "" };
    },
  });
  await machine.write("app.bin", content);

  const large = await machine.get(1_000);
  const changed = await machine.get();

  assert.deepEqual(
    ["reason" in large && large.reason, "reason" in changed && changed.reason],
    ["too-large", "changed"],
  );
});

test("a folder is looked into page by page, and one that is not open is refused", async () => {
  await using machine = await aMachine();
  await machine.write("app.bin", content);
  await machine.write("app.log", "started");

  const first = await machine.list({ most: 1 });
  const second = await machine.list({ after: "app.bin" });

  assert.ok("result" in first && "result" in second);
  const told = [first, second].map(({ result }) => [
    result?.entries?.map(({ name, bytes }) => [name, bytes]),
    result?.hasMore,
  ]);
  assert.deepEqual(told, [
    [[["app.bin", content.length]], true],
    [[["app.log", 7]], false],
  ]);
  await assert.rejects(machine.list({ path: "/etc" }), { reason: "not-allowed" });
});

for (const [what, over, message] of [
  ["no entry", { most: 0 }, /^most/],
  ["more entries than a result holds", { most: 201 }, /^most/],
  ["a path that climbs", { path: "/srv/../etc" }, /^path/],
  ["a path without its root", { path: "srv" }, /^path/],
] as const)
  test(`a command to look into a folder with ${what} is refused before anything is done`, () => {
    assert.match(fileList.check?.({ path: "/srv", after: "", most: 1, ...over } as never) ?? "", message);
  });

for (const [what, over, message] of [
  ["a hash of 31 bytes", { sha256: sha256.subarray(1) }, /^sha256/],
  ["more bytes than a file may have", { bytes: 2 ** 40 }, /^bytes/],
  ["a setuid bit", { mode: 0o4755 }, /^mode/],
  ["an owner that is an option", { owner: "-rf" }, /^owner/],
  ["a path without its root", { path: "srv/x" }, /^path/],
  ["a path that climbs", { path: "/srv/../etc/passwd" }, /^path/],
  ["a path that names a folder", { path: "/srv/" }, /^path/],
  ["a path with a zero byte", { path: "/srv/a\0" }, /^path/],
] as const)
  test(`a command to put a file with ${what} is refused before anything is done`, () => {
    const given = { path: "/srv/x", sha256, bytes: 5, mode: 0, owner: "", ...over };

    assert.match(filePut.check?.(given as never) ?? "", message);
  });
