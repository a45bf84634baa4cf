import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { say, startServer } from "../src/faces/client.test-support.ts";
import { problems, Problem, type ProblemType } from "../src/platform/problem.ts";
import { listActions } from "./actions.ts";
import { findByWords } from "./address.ts";
import { fieldsOf } from "./fields.ts";
import { listEntries, secondsOf, splitLine } from "./run.ts";
import { runTyped } from "./terminal.test-support.ts";

const refuse = (type: ProblemType, detail: string, errors: readonly { pointer: string; detail: string }[] = []) =>
  startServer((response) =>
    say(response, problems[type].status, new Problem(type, detail, { errors }).toDocument("r7")),
  );

for (const { path } of listActions().map((each) => ({ path: each.path as string })))
  test(`${path} is a command under its whole address`, () => {
    const found = findByWords(listEntries(), path.split("/"));

    assert.equal(found.kind === "one" && found.entry.words.join("/"), path);
  });

test("no field of an action has the name of an option that every command takes", () => {
  const common = [
    "server",
    "context",
    "output",
    "json",
    "csv",
    "columns",
    "headers",
    "timeout",
    "verbose",
    "help",
    "wait",
    "yes",
  ];

  const clashes = listActions().flatMap((action) => fieldsOf(action).filter(({ flag }) => common.includes(flag)));

  assert.deepEqual(clashes, []);
});

test("a command asks its action and prints what came as JSON", async () => {
  const device = { id: "1", name: "gw-1", note: "\u009b31m" };
  await using server = await startServer((response) => say(response, 200, device));

  const ran = await runTyped("device find gw-1", { EDGEMERE_SERVER: server.url, EDGEMERE_TOKEN: "edt_1_s" });

  assert.equal(ran.code, 0);
  assert.deepEqual(JSON.parse(ran.stdout), device);
  assert.ok(ran.stdout.includes("\\u009b31m"));
  assert.equal(server.asked[0]?.line, "POST /edgemere/cpl/dm/device/find");
  assert.deepEqual(server.asked[0]?.body, { device: "gw-1" });
  assert.equal(server.asked[0]?.headers.authorization, "Bearer edt_1_s");
});

test("a field whose name begins with no is given like any other", async () => {
  await using server = await startServer((response) => say(response, 200, {}));

  const typed = "policy create --name silent --condition true --no-data 60";
  const ran = await runTyped(typed, { EDGEMERE_SERVER: server.url, EDGEMERE_TOKEN: "edt_1_s" });

  assert.equal(ran.code, 0);
  assert.deepEqual(server.asked[0]?.body, { name: "silent", condition: "true", noData: 60 });
});

test("options may stand before the command and after it", async () => {
  await using server = await startServer((response) => say(response, 200, { items: [{ name: "gw-1" }] }));

  const ran = await runTyped(`--output table --server ${server.url} device list --columns name --no-headers`);

  assert.deepEqual([ran.code, ran.stdout], [0, "gw-1\n"]);
});

test("--json and --csv are short for the two outputs that programs read, and contradict each other", async () => {
  await using server = await startServer((response) => say(response, 200, { items: [{ name: "gw-1" }] }));
  const ran = (flags: string) => runTyped(`device list --server ${server.url} --columns name ${flags}`);

  assert.equal((await ran("--csv")).stdout, '"name"\r\n"gw-1"\r\n');
  assert.equal((await ran("--json")).stdout, (await ran("--output json")).stdout);
  const both = await ran("--csv --json");
  assert.deepEqual([both.code, both.stdout], [2, ""]);
});

test("a list is fetched page by page up to its limit, and says that there is more", async () => {
  const pages = [
    { items: Array.from({ length: 500 }, (_, id) => ({ id })), next: "c1" },
    { items: [{ id: 500 }], next: "c2" },
  ];
  await using server = await startServer((response, count) => say(response, 200, pages[count - 1]));

  const ran = await runTyped(`device list --limit 501 -o table --server ${server.url}`);

  assert.deepEqual(
    server.asked.map(({ body }) => body),
    [{ limit: 500 }, { limit: 1, cursor: "c1" }],
  );
  assert.match(ran.stderr, /there are more: .* --cursor c2/);
});

const failures: readonly (readonly [ProblemType, number])[] = [
  ["invalid-input", 2],
  ["not-signed-in", 7],
  ["forbidden", 7],
  ["not-found", 4],
  ["conflict", 5],
  ["unavailable", 1],
];
for (const [type, code] of failures)
  test(`a ${type} problem ends with exit code ${code} and its words on stderr`, async () => {
    await using server = await refuse(type, "told by the control plane");

    const ran = await runTyped(`whoami --server ${server.url}`);

    assert.deepEqual([ran.code, ran.stdout], [code, ""]);
    assert.match(ran.stderr, /^edgemere: told by the control plane\n/);
  });

test("who is not signed in is told how to sign in, there", async () => {
  await using server = await refuse("not-signed-in", "sign in first");

  const { stderr } = await runTyped(`device list --server ${server.url}`);

  assert.ok(stderr.includes(`sign in with: edgemere signin --server ${server.url}`));
});

test("a wrong field is named as it is on the command line", async () => {
  await using server = await refuse("invalid-input", "the input is not valid", [
    { pointer: "/queueTimeout", detail: "must be at least 1" },
    { pointer: "/waves/0/count", detail: "must be an integer" },
  ]);

  const { stderr } = await runTyped(`job create gw-1 --kind ping --queue-timeout 0 --server ${server.url}`);

  assert.ok(stderr.includes("  --queue-timeout: must be at least 1"));
  assert.ok(stderr.includes("  --waves (no. 1, count): must be an integer"));
});

test("what a control plane says cannot act on the terminal", async () => {
  await using server = await refuse("not-found", "there is no \u001b]0;owned\u0007");

  const { stderr } = await runTyped(`device find x --server ${server.url}`);

  assert.ok(stderr.includes("there is no \u241b]0;owned\u2407"));
});

const wrongLines: readonly (readonly [line: string, message: RegExp])[] = [
  ["devise list", /there is no command "devise list"; did you mean edgemere cpl dm device list\?/],
  ["token create", /"token create" may mean: edgemere cpl dm token create, edgemere ia token create/],
  ["device find", /missing: --device; add --help/],
  ["job create gw-1", /missing: --kind \(ping, /],
  ["device find a --device b", /both name the device/],
  ["device find a b", /too many arguments/],
  ["device list --sort name", /unknown option '--sort'/],
  ["device list --all --limit 3", /contradict/],
  ["device list --limit 0", /--limit takes a whole number from 1/],
  ["device list --output xml", /Allowed choices are table, json, yaml/],
  ["device list --timeout never", /--timeout takes a time such as 30s/],
  ["device list --server example", /is no address of a control plane/],
  ["device retire gw-1", /cannot be undone and there is nobody to ask; add --yes/],
  ["complete tcsh", /name the shell/],
];
for (const [line, message] of wrongLines)
  test(`"edgemere ${line}" is wrong usage and says why`, async () => {
    const ran = await runTyped(line);

    assert.deepEqual([ran.code, ran.stdout], [2, ""]);
    assert.match(ran.stderr, message);
  });

test("what destroys does so when --yes says that it is meant", async () => {
  await using server = await startServer((response) => say(response, 200, { id: "1", state: "retired" }));

  assert.equal((await runTyped(`device retire gw-1 --yes --server ${server.url}`)).code, 0);
});

test("nobody listening ends with exit code 6 and what to check", async () => {
  const { url, [Symbol.asyncDispose]: stop } = await startServer(() => {});
  await stop();

  const ran = await runTyped(`status --server ${url}`);

  assert.equal(ran.code, 6);
  assert.match(ran.stderr, /no answer from the control plane at .*\n {2}is the control plane running\?/);
});

test("a folder is no file to be uploaded, and nothing is asked", async () => {
  const ran = await runTyped(`file put ${tmpdir()}`, { EDGEMERE_SERVER: "http://127.0.0.1:1", EDGEMERE_TOKEN: "t" });

  assert.equal(ran.code, 2);
  assert.match(ran.stderr, /is a folder, and no file/);
});

test("a job that is waited for shows its output and ends with the job's own exit code", async () => {
  const detail = (state: string) => ({
    job: { id: "j1", state },
    commands: [{ device: "01J0", state, reason: "", detail: "" }],
  });
  const answers: readonly unknown[] = [
    detail("running"),
    detail("running"),
    { name: "rack-1" },
    { chunks: [{ offset: 0, channel: "stdout", text: "hello\n" }], next: 6, ended: false },
    detail("partial"),
    { chunks: [], next: 6, dropped: 70, ended: true },
    { chunks: [], next: 6, dropped: 70, ended: true },
  ];
  await using server = await startServer((response, count) => say(response, 200, answers[count - 1]));

  const ran = await runTyped(`job create gw-1 --kind exec --wait -o table --server ${server.url}`);

  assert.equal(ran.code, 3);
  assert.equal(ran.stdout, "hello\n");
  assert.equal(ran.stderr.split("[cut here: 70 bytes more were written than are kept]").length, 2);
  assert.match(ran.stderr, /job j1: running\n[^]*job j1: partial\n {2}rack-1: partial\n/);
});

test("a job that is waited for shows what its command found, where that wrote nothing", async () => {
  const result = { sources: [{ name: "/var/log/nginx.log", bytes: 2_048, mode: 0o644 }], totalBytes: 2_048 };
  const command = { device: "gw-1", state: "succeeded", reason: "", detail: "", outputBytes: 0, result };
  const answers: readonly unknown[] = [
    { job: { id: "j1", state: "running" }, commands: [] },
    { job: { id: "j1", state: "succeeded" }, commands: [command] },
    { name: "gw-1" },
    { chunks: [], next: 0, dropped: 0, ended: true },
  ];
  await using server = await startServer((response, count) => say(response, 200, answers[Math.min(count, 4) - 1]));

  const ran = await runTyped(`job create gw-1 --kind log.collect --wait -o table --server ${server.url}`);

  assert.equal(ran.code, 0);
  assert.match(ran.stdout, /totalBytes +2.0 KiB\n[^]*\/var\/log\/nginx.log +2.0 KiB +0644/);
});

test("signing in keeps the token for later commands, and no answer with a token is kept for repetition", async () => {
  const folder = await mkdtemp(join(tmpdir(), "edgemere-signin-"));
  const session = { token: "edt_1_s", user: "alice", roles: ["owner"], permissions: ["*"], expiresAt: 1 };
  await using server = await startServer((response, count) =>
    say(response, 200, count === 1 ? session : { actor: "x" }),
  );
  const environment = { XDG_CONFIG_HOME: folder };

  const signedIn = await runTyped(`signin --name alice --server ${server.url}`, environment, "a long password\n");
  const asked = await runTyped("whoami", environment);

  assert.deepEqual([signedIn.code, asked.code], [0, 0]);
  assert.ok(!signedIn.stderr.includes("edt_1_s") && !signedIn.stdout.includes("edt_1_s"));
  assert.deepEqual(server.asked[0]?.body, { name: "alice", password: "a long password" });
  assert.equal(server.asked[0]?.headers["idempotency-key"], undefined);
  assert.equal(server.asked[1]?.headers.authorization, "Bearer edt_1_s");
  await rm(folder, { recursive: true });
});

test("a secret comes from standard input, line by line, and never from a flag", async () => {
  await using server = await startServer((response) => say(response, 200, {}));
  const line = `user create --name bob --roles viewer --server ${server.url}`;

  assert.equal((await runTyped(line, {}, "correct horse battery\n")).code, 0);
  assert.match((await runTyped(`${line} --password x`)).stderr, /unknown option '--password'/);
  assert.match((await runTyped(line)).stderr, /standard input ended before it answered/);
  assert.deepEqual(server.asked[0]?.body, { name: "bob", password: "correct horse battery", roles: ["viewer"] });
});

test("help names every command once, by a name that works", async () => {
  const { stdout, code } = await runTyped("--help");

  const names = [...stdout.matchAll(/^ {2}(\S+(?: \S+)*) {2,}/gm)].map(([, name = ""]) => name);
  const found = names.map((name) => findByWords(listEntries(), name.split(" ")));
  assert.equal(code, 0);
  assert.equal(new Set(names).size, listEntries().length);
  assert.ok(found.every(({ kind }) => kind === "one"));
});

test("help says what stands in a document, and how a rollout in waves is planned", async () => {
  const help = (await runTyped("job plan --help")).stdout.replaceAll(/\s+/g, " ");

  assert.match(
    help,
    /--windows <document> Begins in one of these only; .* \(JSON, YAML, or @file; with days, at, minutes\)/,
  );
  assert.match(help, /Example: edgemere job plan .*--selector site=berlin --waves '\[\{"count":1,"soak":600\}/);
});

test("a line is cut where options begin", () => {
  assert.deepEqual(splitLine(["-o", "json", "--verbose", "device", "find", "gw", "--device", "x"]), {
    leading: ["-o", "json", "--verbose"],
    words: ["device", "find", "gw"],
    rest: ["--device", "x"],
  });
});

test("times are seconds, minutes or hours", () => {
  assert.deepEqual(["30", "30s", "5m", "2h"].map(secondsOf), [30, 30, 300, 7_200]);
});

test("a rollout that is waited for tells its waves, and partial success has an exit code of its own", async () => {
  const waves = [{ targets: 2, succeeded: 1, failed: 1, skipped: 0 }];
  await using server = await startServer((response) =>
    say(response, 200, { id: "r1", state: "partial", pausedBy: "", waves }),
  );

  const ran = await runTyped("job apply ping.p1 --wait", { EDGEMERE_SERVER: server.url, EDGEMERE_TOKEN: "edt_1_s" });

  assert.equal(ran.code, 3, ran.stderr);
  assert.match(ran.stderr, /rollout r1: partial\n {2}wave 1: 1 of 2 succeeded, 1 failed, 0 left out/);
});

test("a rollout is waited for as far as is told, and what cannot be waited for begins nothing", async () => {
  const waves = [{ targets: 2, succeeded: 2, failed: 0, skipped: 0, passedAt: 1 }];
  await using server = await startServer((response) =>
    say(response, 200, { id: "r1", state: "running", pausedBy: "", waves }),
  );
  const surroundings = { EDGEMERE_SERVER: server.url, EDGEMERE_TOKEN: "edt_1_s" };

  assert.equal((await runTyped("job apply ping.p1 --wait --until wave1", surroundings)).code, 0);
  const asked = server.asked.length;
  const wrong = await runTyped("job apply ping.p1 --wait --until tomorrow", surroundings);
  const alone = await runTyped("job apply ping.p1 --until wave1", surroundings);

  assert.deepEqual([wrong.code, alone.code, server.asked.length], [2, 2, asked]);
  assert.match(wrong.stderr, /--until takes a wave/);
});

test("a rollout that is rolled back is waited for until it is undone, which is what was asked", async () => {
  const found = { id: "r1", state: "rolledback", pausedBy: "", waves: [], undoneBy: { rollout: "r2", wave: -1 } };
  await using server = await startServer((response) => say(response, 200, found));
  const surroundings = { EDGEMERE_SERVER: server.url, EDGEMERE_TOKEN: "edt_1_s" };

  const back = await runTyped("rollout rollback r1 --wait", surroundings);
  const applied = await runTyped("job apply ping.p1 --wait", surroundings);

  assert.deepEqual([back.code, applied.code], [0, 1], back.stderr);
  assert.match(back.stderr, /the rollout r2 undoes it/);
});

test("explain device asks why a device waits in a job, and says what is missing", async () => {
  await using server = await startServer((response) => say(response, 200, { reason: "device-offline" }));
  const surroundings = { EDGEMERE_SERVER: server.url, EDGEMERE_TOKEN: "edt_1_s" };

  const ran = await runTyped("explain device gw-1 --job r1", surroundings);
  const lacking = await runTyped("explain device gw-1", surroundings);

  assert.deepEqual(JSON.parse(ran.stdout), { reason: "device-offline" });
  assert.deepEqual(server.asked[0]?.body, { device: "gw-1", job: "r1" });
  assert.deepEqual([lacking.code, lacking.stderr.includes("which job")], [2, true]);
});

test("explain group asks why a policy fires on a group, and says what is missing", async () => {
  await using server = await startServer((response) => say(response, 200, { answer: "the group has 3 devices" }));
  const surroundings = { EDGEMERE_SERVER: server.url, EDGEMERE_TOKEN: "edt_1_s" };

  const ran = await runTyped("explain group site=berlin --policy dark", surroundings);
  const lacking = await runTyped("explain group site=berlin", surroundings);
  const help = await runTyped("explain group --help", surroundings);

  assert.deepEqual(JSON.parse(ran.stdout), { answer: "the group has 3 devices" });
  assert.deepEqual(
    server.asked.map(({ line, body }) => [line, body]),
    [["POST /edgemere/sa/pe/policy/explaingroup", { group: "site=berlin", policy: "dark" }]],
  );
  assert.deepEqual([lacking.code, lacking.stderr.includes("by which policy")], [2, true]);
  assert.match(help.stdout, /edgemere explain group site=berlin --policy dark/);
  assert.match((await runTyped("--help", surroundings)).stdout, /explain group +Say why a policy fires on a group/);
});

test("explain asks of a device and a policy, of an alert, of a data request and of a data instance", async () => {
  await using server = await startServer((response) => say(response, 200, { answer: "it fires" }));
  const surroundings = { EDGEMERE_SERVER: server.url, EDGEMERE_TOKEN: "edt_1_s" };

  for (const line of ["device gw-1 --policy hot", "alert d1/hot", "datarequest r1", "datainstance i1"])
    assert.equal((await runTyped(`explain ${line}`, surroundings)).code, 0, line);

  assert.deepEqual(
    server.asked.map(({ line, body }) => [line, body]),
    [
      ["POST /edgemere/sa/pe/policy/explain", { device: "gw-1", policy: "hot" }],
      ["POST /edgemere/sa/pe/alert/explain", { alert: "d1/hot" }],
      ["POST /edgemere/diml/dml/do/datarequest/explain", { request: "r1" }],
      ["POST /edgemere/diml/dml/do/datainstance/explain", { id: "i1" }],
    ],
  );
  assert.equal((await runTyped("explain device gw-1 --policy hot --job r1", surroundings)).code, 2);
  // The class alone is what can be done with it, as before.
  for (const name of ["alert", "datarequest", "device"])
    assert.match((await runTyped(`${name} --help`, surroundings)).stdout, new RegExp(`${name} list`), name);
});
