import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { DAY, HOUR, MINUTE, SECOND, silentLog } from "@edgemere/protocol/kit";
import { ManualClock, seededRandom, SimulatedDisk } from "@edgemere/protocol/simulated";
import { HostError, type Host, type Program, type ProgramResult } from "../../host/host.ts";
import { versionOf } from "./engines.ts";
import type { Condition, DatabasePlan } from "./plan.ts";
import { SnapshotDuty } from "./snapshot-duty.ts";

const plan: DatabasePlan = {
  kind: "database",
  database: {
    engine: "postgresql",
    name: "shop",
    host: "db.site",
    port: 5433,
    role: "reader",
    passwordFile: "/etc/pgpass",
  },
  user: "nobody",
  when: { every: 6 * HOUR },
  limit: { time: HOUR, bytes: 1_000 },
  keep: 3,
};
// 2026-11-23T00:00:00Z.
const START = 1_795_392_000_000;
const bytes = (text: string) => new Uint8Array(Buffer.from(text));
const ended = (exitCode: number): ProgramResult => ({ exitCode, outputBytes: 0, droppedBytes: 0 });

/** A host whose pg_dump does what the test says, and a directory in memory. */
function aWorld(dump: (program: Program, time: number) => Promise<ProgramResult>, over: Partial<DatabasePlan> = {}) {
  const clock = new ManualClock(START);
  const disk = new SimulatedDisk();
  const asked: Program[] = [];
  const host = {
    killMarked: async () => 0,
    removeScripts: async () => 0,
    recordingFolder: async () => disk,
    listFiles: async () => (await disk.list("")).map((name) => ({ name, bytes: 1, modifiedAt: clock.now() })),
    hashFile: async (_: string, name: string) =>
      createHash("sha256")
        .update((await disk.read(name)) ?? "")
        .digest("hex"),
    run: async (program: Program) => {
      if (program.argv[1] === "--version") {
        await program.onOutput?.("stdout", bytes("pg_dump (PostgreSQL) 15.18 (Debian 15.18-0)\n"));
        return ended(0);
      }
      asked.push(program);
      return dump(program, asked.length);
    },
  } as unknown as Host;
  const conditions: (Condition | undefined)[] = [];
  const placed: string[] = [];
  const begin = () =>
    new SnapshotDuty({
      env: { clock, random: seededRandom(1), disk: new SimulatedDisk(), log: silentLog },
      host,
      source: { name: "shop", path: "/srv/shop" },
      plan: { ...plan, ...over },
      mark: "data-shop",
      placed: (name) => void placed.push(name),
      stands: (condition) => void conditions.push(condition),
    });
  return { clock, disk, asked, conditions, placed, begin };
}

const says = (text: string) => async (program: Program) => {
  await program.onOutput?.("stdout", bytes(text));
  return ended(0);
};

test("a snapshot is taken by the timetable, with the engine's program and a password that is in a file", async () => {
  const { clock, disk, asked, begin } = aWorld((program, time) => says(`state ${time}`)(program));
  {
    await using duty = begin();
    duty.start();
    await clock.advance(13 * HOUR);
  }
  assert.deepEqual(await disk.list(""), [
    "000000001_20261123T000000.000Z_15.18.dump",
    "000000002_20261123T060000.000Z_15.18.dump",
    "000000003_20261123T120000.000Z_15.18.dump",
  ]);
  assert.deepEqual(asked[0]?.argv.slice(1), [
    "--format=custom",
    "--no-password",
    "--host=db.site",
    "--port=5433",
    "--username=reader",
    "--dbname=shop",
  ]);
  assert.deepEqual(asked[0].env, { PGCONNECT_TIMEOUT: "10", PGPASSFILE: "/etc/pgpass" });
  assert.equal(asked[0].user, "nobody");

  // A start takes none before its time.
  await using again = begin();
  again.start();
  await clock.advance(4 * HOUR);
  assert.equal(asked.length, 3);
  await clock.advance(2 * HOUR);
  assert.equal(asked.length, 4);
  assert.deepEqual(
    (await disk.list("")).map((name) => name.slice(0, 9)),
    ["000000002", "000000003", "000000004"],
  );
});

test("a time of day is met once a day", async () => {
  const { clock, asked, begin } = aWorld((program, time) => says(`state ${time}`)(program), { when: { minute: 195 } });
  await using duty = begin();
  duty.start();
  await clock.advance(MINUTE);
  assert.equal(asked.length, 1, "the first one is taken at once");
  await clock.advance(3 * DAY);
  assert.equal(asked.length, 4);
});

test("what is as it was is no other snapshot", async () => {
  const { clock, disk, placed, begin } = aWorld(says("always the same"));
  await using duty = begin();
  duty.start();
  await clock.advance(DAY);
  assert.deepEqual([(await disk.list("")).length, placed.length], [1, 1]);

  const taken = await duty.take();
  assert.deepEqual(taken, { name: placed[0], bytes: 15, isKnown: true });
});

const failing: readonly (readonly [
  what: string,
  dump: (program: Program) => Promise<ProgramResult>,
  reason: RegExp,
])[] = [
  [
    "that fails",
    async ({ onOutput }) => {
      await onOutput?.("stdout", bytes("half"));
      await onOutput?.("stderr", bytes("pg_dump: error: fe_sendauth: no password supplied\n"));
      return ended(1);
    },
    /^pg_dump ended with exit code 1: pg_dump: error: fe_sendauth: no password supplied$/,
  ],
  ["that gives nothing", async () => ended(0), /^pg_dump gave nothing$/],
  [
    "that is too large",
    async ({ onOutput, signal }) => {
      await onOutput?.("stdout", bytes("x".repeat(1_001)));
      return signal?.aborted === true ? { endedBySignal: "SIGTERM", outputBytes: 0, droppedBytes: 0 } : ended(0);
    },
    /^the snapshot has more than 1000 bytes$/,
  ],
  [
    "that takes too long",
    async ({ onOutput, signal }) => {
      await onOutput?.("stdout", bytes("half"));
      await new Promise<void>((resolve) => signal?.addEventListener("abort", () => resolve()));
      return { endedBySignal: "SIGTERM", outputBytes: 0, droppedBytes: 0 };
    },
    /^the snapshot took longer than 3600 s$/,
  ],
  [
    "whose program is missing",
    async () => {
      throw new HostError("not-found", "the program pg_dump was not found on this device: looked in /bin");
    },
    /^the program pg_dump was not found/,
  ],
];
for (const [what, dump, reason] of failing)
  test(`a snapshot ${what} leaves no half file, is told with its reason, and is tried again`, async () => {
    const { clock, disk, asked, conditions, begin } = aWorld((program, time) =>
      time === 1 ? dump(program) : says("all")(program),
    );
    await using duty = begin();
    duty.start();
    await clock.advance(HOUR + SECOND);
    assert.match(conditions[0]?.reason ?? "", reason);
    const isTold = conditions[0]?.nextTryAt;
    if (conditions.length === 1) assert.deepEqual(await disk.list(""), []);
    await clock.advance(2 * MINUTE);

    assert.ok(isTold !== undefined && isTold > START);
    assert.deepEqual([asked.length, conditions.at(-1)], [2, undefined]);
    assert.deepEqual(await disk.list(""), [(await disk.list("")).find((name) => name.endsWith(".dump"))]);
  });

test("an engine that is missing is told with the package that has it", async () => {
  const host = {
    run: async () => {
      throw new HostError("not-found", "the program sqlite3 was not found on this device: looked in /bin");
    },
  } as unknown as Host;
  const database = { engine: "sqlite", name: "app.db", file: "/app.db" } as const;

  await assert.rejects(
    versionOf(database, host, { mark: "m", maxOutputBytes: 1 }),
    /the program sqlite3 was not found on this device: looked in \/bin. On Debian: apt-get install sqlite3/,
  );
});

test("what an agent left half that was killed is gone with the next snapshot", async () => {
  const { clock, disk, begin } = aWorld(says("all"));
  await disk.write(".edgemere-snapshot.part", bytes("half"));
  await using duty = begin();
  duty.start();
  await clock.advance(MINUTE);
  assert.deepEqual(await disk.list(""), ["000000001_20261123T000000.000Z_15.18.dump"]);
  assert.equal(Buffer.from((await disk.read("000000001_20261123T000000.000Z_15.18.dump")) ?? []).toString(), "all");
});
