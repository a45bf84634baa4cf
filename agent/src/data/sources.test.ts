import assert from "node:assert/strict";
import { test } from "node:test";
import { pack, unpack, type RecordBody, type StreamName } from "@edgemere/protocol";
import { SECOND, silentLog } from "@edgemere/protocol/kit";
import { ManualClock, seededRandom, SimulatedDisk } from "@edgemere/protocol/simulated";
import { HostError, type DataFile, type Host } from "../host/host.ts";
import { isNews, wholeReport, type Look } from "./report.ts";
import { DataSources } from "./sources.ts";

const START = 1_767_225_600_000;

/** A directory in memory; files are [bytes, modified at]. */
function aWorld({ watchFiles }: Pick<Host, "watchFiles"> = {}) {
  const clock = new ManualClock(START);
  const files = new Map<string, Omit<DataFile, "name">>();
  const state = { hashed: [] as string[], isMounted: true, freeBytes: 500, listed: 0 };
  const events: string[] = [];
  const sent: NonNullable<RecordBody["dataSource"]>[] = [];
  const host = {
    listFiles: async () => {
      state.listed += 1;
      if (!state.isMounted) throw new HostError("not-found", "/srv/captures does not exist");
      return [...files].map(([name, file]) => ({ name, ...file }));
    },
    hashFile: async (_: string, name: string) => {
      state.hashed.push(name);
      if (name === "fleeting") throw new HostError("not-found", "fleeting does not exist");
      return "ab".repeat(32);
    },
    capacity: async () => ({ totalBytes: 1_000, freeBytes: state.freeBytes }),
    ...(watchFiles && { watchFiles }),
  } as unknown as Host;
  const outbox = {
    append: async (_: StreamName, { dataSource, agentEvent }: RecordBody) => {
      if (dataSource) sent.push(dataSource);
      if (agentEvent?.name === "data-not-watched") events.push(agentEvent.detail ?? "");
    },
  };
  const disk = new SimulatedDisk();
  const env = { clock, random: seededRandom(1), disk, log: silentLog };
  const sources = [{ name: "captures", path: "/srv/captures", tags: { site: "berlin" } }];
  const begin = () => new DataSources({ env, host, outbox, config: { sources, dataEvery: 30 * SECOND } });
  return { clock, files, state, sent, events, disk, begin, duty: begin() };
}

const nameAndBytes = ({ name = "", bytes = 0 }) => `${name} ${bytes}`;
const OLD = START - 60_000;

test("a directory is reported at the start and when it changes, and only changed files are read", async () => {
  const { clock, files, state, sent, duty } = aWorld();
  files.set("a", { bytes: 1, modifiedAt: START - 60_000 });
  files.set("b", { bytes: 2, modifiedAt: START - 60_000 });
  await using _ = duty;
  duty.start();
  await clock.advance(90 * SECOND);

  files.set("a", { bytes: 3, modifiedAt: START });
  files.delete("b");
  await clock.advance(60 * SECOND);

  assert.deepEqual(state.hashed, ["a", "b", "a"]);
  assert.deepEqual(
    sent.map(({ items, removed, indexBefore, index }) => [items?.map(nameAndBytes), removed, indexBefore, index]),
    [
      ["a 1,b 2".split(","), undefined, undefined, 1],
      [[], ["b"], 1, 2],
      [["a 3"], [], 2, 3],
    ],
  );
  assert.deepEqual(sent[0]?.tags, { site: "berlin" });
  assert.notEqual(sent[0]?.report, sent[1]?.report);
});

test("a file that is still being written to is read when it rests, once", async () => {
  const { clock, files, state, duty } = aWorld();
  files.set("growing", { bytes: 1, modifiedAt: START });
  await using _ = duty;

  duty.start();
  for (const bytes of [2, 3, 4]) {
    await clock.advance(SECOND);
    files.set("growing", { bytes, modifiedAt: clock.now() });
  }
  await clock.advance(90 * SECOND);

  assert.deepEqual(state.hashed, ["growing"]);
});

test("a file that never rests is read all the same, but seldom", async () => {
  const { clock, files, state, duty } = aWorld();
  await using _ = duty;
  duty.start();
  for (let i = 0; i < 200; i++) {
    files.set("growing", { bytes: i, modifiedAt: clock.now() });
    await clock.advance(SECOND);
  }

  assert.equal(state.hashed.length, 2);
});

test("what a command put there is whole at once", async () => {
  const { clock, files, sent, duty } = aWorld();
  await using _ = duty;
  duty.start();
  await clock.advance(SECOND);
  files.set("0123456789abcdef-a", { bytes: 1, modifiedAt: clock.now() });

  duty.lookAt("captures", "0123456789abcdef-a");
  await clock.advance(0);

  assert.deepEqual(sent.at(-1)?.items?.map(nameAndBytes), ["0123456789abcdef-a 1"]);
});

test("a file that vanishes while it is read is left out, and the others are reported", async () => {
  const { clock, files, sent, duty } = aWorld();
  files.set("fleeting", { bytes: 1, modifiedAt: START - 60_000 });
  files.set("stays", { bytes: 1, modifiedAt: START - 60_000 });
  await using _ = duty;

  duty.start();
  await clock.advance(SECOND);

  assert.deepEqual(
    sent[0]?.items?.map(({ name }) => name),
    ["stays"],
  );
});

test("a directory that cannot be read is reported once with the reason, and again when it is back", async () => {
  const { clock, state, sent, duty } = aWorld();
  state.isMounted = false;
  await using _ = duty;
  duty.start();
  await clock.advance(90 * SECOND);

  state.isMounted = true;
  await clock.advance(60 * SECOND);

  assert.deepEqual(
    sent.map(({ failure }) => failure),
    ["/srv/captures does not exist", undefined],
  );
});

test("free space is news when it moved by more than a hundredth", () => {
  const look: Look = { totalBytes: 1_000, freeBytes: 500 };

  assert.equal(isNews(look, { ...look, freeBytes: 509 }), false);
  assert.equal(isNews(look, { ...look, freeBytes: 520 }), true);
});

const room = { totalBytes: 1, freeBytes: 1 };
const stand = { number: 1, checksum: new Uint8Array(32) };

test("a large directory comes in parts that the other side takes, and none of it is missing", () => {
  const item = { bytes: 1, modifiedAt: START, hash: "00".repeat(32) };
  const items = Array.from({ length: 2_500 }, (_, i) => ({ ...item, name: `${i}/${"ü".repeat(100)}` }));

  const parts = wholeReport({ name: "s", path: "/s" }, { room, items, stand }, "r1");

  assert.equal(
    parts.reduce((sum, part) => sum + (part.items?.length ?? 0), 0),
    2_500,
  );
  for (const [sequence, dataSource] of parts.entries()) {
    const records = [{ sequence: sequence + 1, atMs: 1, dataSource }];
    const { topic, payload } = pack("event", { device: "d1" }, { records, firstUnacknowledged: 1, sessionEpoch: 1 });
    assert.doesNotThrow(() => unpack(topic, payload));
  }
});

test("an empty directory is a report with no items", () => {
  const [part, ...rest] = wholeReport({ name: "s", path: "/s" }, { room, items: [], stand }, "r1");

  assert.deepEqual([part?.items, part?.parts, rest.length], [[], 1, 0]);
});

test("after a start no file is read again that is as it was, and only how the index stands is told", async () => {
  const { clock, files, state, sent, duty, begin } = aWorld();
  files.set("a", { bytes: 1, modifiedAt: OLD });
  {
    await using _ = duty;
    duty.start();
    await clock.advance(SECOND);
    files.set("b", { bytes: 1, modifiedAt: OLD });
    await clock.advance(30 * SECOND);
  }

  await using again = begin();
  again.start();
  await clock.advance(SECOND);

  assert.deepEqual(state.hashed, ["a", "b"]);
  const { items, indexBefore, index, indexChecksum } = sent.at(-1) ?? {};
  assert.deepEqual([items, indexBefore, index, sent.length], [[], 2, 2, 3]);
  assert.deepEqual(indexChecksum, sent.at(-2)?.indexChecksum);
});

test("an index that the disk damaged is no index: all is read again and told as a whole", async () => {
  const { clock, files, state, sent, disk, duty, begin } = aWorld();
  files.set("a", { bytes: 1, modifiedAt: OLD });
  {
    await using _ = duty;
    duty.start();
    await clock.advance(SECOND);
  }
  const [name = ""] = await disk.list("data-index");
  const content = Buffer.from((await disk.read(`data-index/${name}`)) ?? []);
  content[20] = 255 - (content[20] ?? 0);
  await disk.write(`data-index/${name}`, content);

  await using again = begin();
  again.start();
  await clock.advance(SECOND);

  assert.deepEqual(state.hashed, ["a", "a"]);
  assert.deepEqual([sent.at(-1)?.parts, sent.at(-1)?.indexBefore, sent.at(-1)?.items?.length], [1, undefined, 1]);
});

test("whoever asks is told all of it, and a new session how the index stands, but not again and again", async () => {
  const { clock, files, sent, duty } = aWorld();
  files.set("a", { bytes: 1, modifiedAt: OLD });
  await using _ = duty;
  duty.start();
  await clock.advance(SECOND);

  assert.equal(duty.tellAll("captures"), 1);
  assert.equal(duty.tellAll("nothing"), undefined);
  await clock.advance(SECOND);
  duty.confirm();
  await clock.advance(60 * SECOND);
  assert.deepEqual(
    sent.map(({ indexBefore, index, items }) => [indexBefore, index, items?.length]),
    [
      [undefined, 1, 1],
      [undefined, 1, 1],
    ],
  );

  await clock.advance(600 * SECOND);
  assert.deepEqual([sent.length, sent.at(-1)?.indexBefore, sent.at(-1)?.items], [3, 1, []]);
});
