import assert from "node:assert/strict";
import { test } from "node:test";
import { pack, unpack, type RecordBody, type StreamName } from "@edgemere/protocol";
import { SECOND, silentLog } from "@edgemere/protocol/kit";
import { ManualClock, seededRandom, SimulatedDisk } from "@edgemere/protocol/simulated";
import { HostError, type DataFile, type Host } from "../host/host.ts";
import { isNews, reportMessages, type Look } from "./report.ts";
import { DataSources } from "./sources.ts";

const START = 1_767_225_600_000;

/** A directory in memory; files are [bytes, modified at]. */
function aWorld() {
  const clock = new ManualClock(START);
  const files = new Map<string, Omit<DataFile, "name">>();
  const state = { hashed: [] as string[], isMounted: true, freeBytes: 500 };
  const sent: NonNullable<RecordBody["dataSource"]>[] = [];
  const host = {
    listFiles: async () => {
      if (!state.isMounted) throw new HostError("not-found", "/srv/captures does not exist");
      return [...files].map(([name, file]) => ({ name, ...file }));
    },
    hashFile: async (_: string, name: string) => {
      state.hashed.push(name);
      if (name === "fleeting") throw new HostError("not-found", "fleeting does not exist");
      return "ab".repeat(32);
    },
    capacity: async () => ({ totalBytes: 1_000, freeBytes: state.freeBytes }),
  } as unknown as Host;
  const outbox = {
    append: async (_: StreamName, { dataSource }: RecordBody) => {
      if (dataSource) sent.push(dataSource);
    },
  };
  const env = { clock, random: seededRandom(1), disk: new SimulatedDisk(), log: silentLog };
  const sources = [{ name: "captures", path: "/srv/captures", tags: { site: "berlin" } }];
  const duty = new DataSources({ env, host, outbox, config: { sources, dataEvery: 30 * SECOND } });
  return { clock, files, state, sent, duty };
}

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
    sent.map(({ items }) => items?.map(({ name, bytes }) => [name, bytes])),
    [
      [
        ["a", 1],
        ["b", 2],
      ],
      [["a", 3]],
    ],
  );
  assert.deepEqual(sent[0]?.tags, { site: "berlin" });
  assert.notEqual(sent[0]?.report, sent[1]?.report);
});

test("a file that is still being written to is read again until it rests", async () => {
  const { clock, files, state, duty } = aWorld();
  files.set("growing", { bytes: 1, modifiedAt: START });
  await using _ = duty;

  duty.start();
  await clock.advance(90 * SECOND);

  assert.deepEqual(state.hashed, ["growing", "growing"]);
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
  const look: Look = { items: [], totalBytes: 1_000, freeBytes: 500 };

  assert.equal(isNews(look, { ...look, freeBytes: 509 }), false);
  assert.equal(isNews(look, { ...look, freeBytes: 520 }), true);
});

test("a large directory comes in parts that the other side takes, and none of it is missing", () => {
  const item = { bytes: 1, modifiedAt: START, hash: "00".repeat(32) };
  const items = Array.from({ length: 2_500 }, (_, i) => ({ ...item, name: `${i}/${"ü".repeat(100)}` }));

  const parts = reportMessages({ name: "s", path: "/s" }, { items, totalBytes: 1, freeBytes: 1 }, "r1");

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
  const [part, ...rest] = reportMessages({ name: "s", path: "/s" }, { items: [], totalBytes: 1, freeBytes: 1 }, "r1");

  assert.deepEqual([part?.items, part?.parts, rest.length], [[], 1, 0]);
});
