import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { systemClock } from "@edgemere/protocol/kit";
import fc from "fast-check";
import type { LogRequest, Program } from "../host.ts";
import { filesMeant, sharesOf } from "./log-choice.ts";
import { collectLogs } from "./logs.ts";
import { programRunner } from "./run.ts";

/** A folder of logs: the file written last is `app.log`. */
async function someLogs() {
  const folder = await mkdtemp(join(tmpdir(), "edgemere-logs-"));
  await mkdir(join(folder, "web"));
  const files = {
    "old.log": "old\n",
    "web/access.log": "GET /\n",
    "web/access.log.1.gz": "packed",
    "app.log": "first\nsecond\n",
  };
  let at = 1_000;
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(folder, name), text);
    await utimes(join(folder, name), at, at);
    at += 1_000;
  }
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}

async function collected(roots: readonly string[], more: Partial<LogRequest>, run = programRunner(systemClock)) {
  let text = "";
  const outcome = await collectLogs(
    {
      files: [],
      units: [],
      isJournal: false,
      since: 0,
      until: 0,
      maxBytes: 1_000,
      isEstimate: false,
      signal: new AbortController().signal,
      ...more,
      roots,
      onOutput: (_channel, bytes) => void (text += Buffer.from(bytes).toString()),
    },
    { run },
  );
  return { ...outcome, text };
}

test("logs come newest first, each under its name, and packed ones are only named", async () => {
  await using logs = await someLogs();

  const { text, sources, outputBytes } = await collected([logs.folder], { files: [logs.folder] });

  const below = (name: string) => join(logs.folder, name);
  const [app, packed] = [below("app.log"), below("web/access.log.1.gz")];
  const [access, old] = [below("web/access.log"), below("old.log")];
  assert.equal(text, `==> ${app} <==\nfirst\nsecond\n==> ${access} <==\nGET /\n==> ${old} <==\nold\n`);
  assert.equal(outputBytes, Buffer.byteLength(text));
  assert.deepEqual(
    sources.map(({ name, bytes, sentBytes }) => [name, bytes, sentBytes]),
    [
      [app, 13, 13],
      [packed, 0, 0],
      [access, 6, 6],
      [old, 4, 4],
    ],
  );
});

test("of more than may be sent the newest bytes come, and what is left out is told", async () => {
  await using logs = await someLogs();

  const { text, sources } = await collected([logs.folder], { files: [join(logs.folder, "*.log")], maxBytes: 7 });

  assert.equal(text, `==> ${join(logs.folder, "app.log")} <==\n[cut here: 6 bytes before this are left out]\nsecond\n`);
  assert.deepEqual(
    sources.map(({ sentBytes }) => sentBytes),
    [7, 0],
  );
});

test("an estimate says how much there is and sends nothing", async () => {
  await using logs = await someLogs();

  const { text, sources } = await collected([logs.folder], { files: [logs.folder], isEstimate: true });

  assert.deepEqual([text, sources.reduce((sum, { bytes }) => sum + bytes, 0)], ["", 23]);
});

test("what was last written before the time that is asked for is left out", async () => {
  await using logs = await someLogs();

  const { sources } = await collected([logs.folder], { files: [logs.folder], since: 2_500_000 });

  assert.deepEqual(
    sources.map(({ name }) => name),
    ["app.log", "web/access.log.1.gz"].map((name) => join(logs.folder, name)),
  );
});

test("a link in a folder of logs leads nowhere, and nothing beside an open folder is read", async () => {
  await using logs = await someLogs();
  await symlink("/etc/passwd", join(logs.folder, "passwd.log"));

  const refused = (file: string, roots: readonly string[] = [logs.folder]) => collected(roots, { files: [file] });

  await assert.rejects(refused(join(logs.folder, "passwd.log")), { reason: "not-found" });
  for (const file of ["/etc/passwd", `${logs.folder}/../x`, `${logs.folder}x/app.log`, `${logs.folder}/./app.log`])
    await assert.rejects(refused(file), { reason: "not-allowed", message: /log-root there opens one/ }, file);
  await assert.rejects(refused(join(logs.folder, "app.log"), []), { reason: "not-allowed", message: /none is/ });
});

const JOURNAL = "T1 web: one\nT2 web: two\n";
const journal = (asked: string[] = [], exitCode = 0) =>
  (async ({ argv, onOutput }: Program) => {
    asked.push(argv.join(" "));
    for (const piece of exitCode === 0 ? [JOURNAL.slice(0, 5), JOURNAL.slice(5)] : [])
      await onOutput?.("stdout", Buffer.from(piece));
    if (exitCode !== 0) await onOutput?.("stderr", Buffer.from("no such option"));
    return { exitCode, outputBytes: 0, droppedBytes: 0 };
  }) satisfies ReturnType<typeof programRunner>;

test("the journal of a service comes by its window of time, its newest bytes first to be kept", async () => {
  const asked: string[] = [];

  const { text, sources } = await collected(
    ["journal"],
    { units: ["web"], since: 5_500, until: 9_100, maxBytes: 12 },
    journal(asked),
  );

  assert.equal(text, "==> journal of web <==\n[cut here: 12 bytes before this are left out]\nT2 web: two\n");
  assert.deepEqual(sources, [{ name: "journal of web", bytes: 24, sentBytes: 12 }]);
  assert.match(asked[0] ?? "", /^journalctl .*--since=@5 --until=@10 --unit=web$/);
});

test("a journal that is not open, or fails, is refused in words", async () => {
  await assert.rejects(collected(["/var/log"], { isJournal: true }, journal()), { reason: "not-allowed" });
  await assert.rejects(collected(["journal"], { isJournal: true }, journal([], 1)), {
    reason: "failed",
    message: "the journal is not told: no such option",
  });
});

for (const [pattern, name, isMeant] of [
  ["/var/log", "a/b.log", true],
  ["/var/log/a", "a/b.log", true],
  ["/var/log/a", "ab.log", false],
  ["/var/log/*.log", "b.log", true],
  ["/var/log/*.log", "a/b.log", false],
  ["/var/log/*/b.log", "a/b.log", true],
  ["/var/log/b+.log", "b+.log", true],
  ["/var/log/b+.log", "bb.log", false],
  ["/var/log/b.log", "bxlog", false],
] as const) {
  test(`${pattern} ${isMeant ? "means" : "does not mean"} ${name} in /var/log`, () => {
    assert.equal(filesMeant(pattern, ["/srv", "/var/log"]).means(name), isMeant);
  });
}

test("what is sent fits into the room, and all comes where there is room for all", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(1_000)), fc.nat(5_000), (sizes, room) => {
      const shares = sharesOf(sizes, room);

      const sum = (values: readonly number[]) => values.reduce((all, each) => all + each, 0);
      assert.equal(sum(shares), Math.min(room, sum(sizes)));
      assert.ok(shares.every((share, index) => share >= 0 && share <= (sizes[index] ?? 0)));
    }),
  );
});
