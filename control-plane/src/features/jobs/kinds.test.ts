import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { commandKinds, limits, v1, type CommandKind } from "@edgemere/protocol";
import { listKinds } from "./contract.ts";
import { startJobs } from "./jobs.test-support.ts";
import { checkedArguments, taskOf } from "./checked-arguments.ts";

const NOW = 1_772_366_400_000;
const hashOf = (text: string) => createHash("sha256").update(text).digest("hex");
const [HASH_OF_ID, HASH_OF_ID_LINE] = [hashOf("id"), hashOf("id\n")];
const SOME_DATA = { source: "data", path: "a.pcap", sha256: HASH_OF_ID };

for (const [kind, given, expected] of [
  ["ping", {}, {}],
  ["inventory.refresh", {}, {}],
  ["service.status", { name: "ssh" }, { name: "ssh" }],
  ["service.restart", { name: "ssh" }, { name: "ssh" }],
  ["service.start", { name: "ssh" }, { name: "ssh" }],
  ["service.stop", { name: "ssh" }, { name: "ssh" }],
  ["service.reload", { name: "ssh" }, { name: "ssh" }],
  ["reboot", {}, {}],
  [
    "log.collect",
    { files: ["/var/log/x"], since: "-2h", until: "2026-03-01T12:00Z" },
    {
      files: ["/var/log/x"],
      since: NOW - 7_200_000,
      until: NOW,
      journal: false,
      maxBytes: 1_048_576,
      estimate: false,
    },
  ],
  ["log.collect", { units: ["ssh"] }, { units: ["ssh"], journal: false, maxBytes: 1_048_576, estimate: false }],
  [
    "package.install",
    { packages: ["nginx=1.22.1-9", "libc6:arm64", "g++"] },
    {
      packages: ["nginx=1.22.1-9", "libc6:arm64", "g++"],
      refresh: false,
      configuration: "keep",
      mayRemove: false,
      lockWait: 120,
    },
  ],
  ["package.remove", { packages: ["nginx"] }, { packages: ["nginx"], purge: false, mayRemove: false, lockWait: 120 }],
  ["package.upgrade", {}, { refresh: false, configuration: "keep", mayRemove: false, lockWait: 120 }],
  [
    "network.change",
    { apply: "ip route del default", files: ["/etc/network/interfaces"] },
    {
      apply: "ip route del default",
      files: ["/etc/network/interfaces"],
      confirmWithin: 120,
      maxOutputBytes: 1_048_576,
    },
  ],
  ["script", { content: "id" }, { content: "id", maxOutputBytes: 1_048_576 }],
  ["file.put", { file: "f1", path: "/srv/x", mode: "0640" }, { file: "f1", path: "/srv/x", mode: "0640" }],
  ["configure", { set: { sample: "1s" }, confirmWithin: 60 }, { set: { sample: "1s" }, confirmWithin: 60 }],
  ["configure", { reset: ["sample"] }, { reset: ["sample"], confirmWithin: 120 }],
  ["file.get", { path: "/srv/x" }, { path: "/srv/x", maxBytes: 16_777_216 }],
  ["file.list", {}, { most: 200 }],
  ["file.list", { path: "/srv", after: "a", most: 1 }, { path: "/srv", after: "a", most: 1 }],
  ["data.get", { ...SOME_DATA, maxBytes: 9 }, { ...SOME_DATA, maxBytes: 9 }],
  ["data.put", { ...SOME_DATA, bytes: 9 }, { ...SOME_DATA, bytes: 9 }],
  ["data.drop", SOME_DATA, SOME_DATA],
  ["data.report", { source: "models" }, { source: "models" }],
  ["data.snapshot", { source: "shop" }, { source: "shop" }],
  [
    "script",
    { content: "id", sha256: HASH_OF_ID, maxOutputBytes: 1 },
    { content: "id", sha256: HASH_OF_ID, maxOutputBytes: 1 },
  ],
  ["exec", { argv: ["uname", "-a"] }, { argv: ["uname", "-a"], maxOutputBytes: 1_048_576 }],
  [
    "exec",
    { argv: ["x"], cwd: "/tmp", env: { A: "b" }, stdin: "", maxOutputBytes: 0 },
    { argv: ["x"], cwd: "/tmp", env: { A: "b" }, stdin: "", maxOutputBytes: 0 },
  ],
] as const satisfies readonly (readonly [CommandKind, object, object])[]) {
  test(`${kind} takes ${JSON.stringify(given)}`, () => {
    assert.deepEqual(checkedArguments(kind, given, NOW), expected);
  });
}

test("a time window of logs reaches the device as milliseconds, and one without its zone is refused", () => {
  const { logCollect } = taskOf("log.collect", checkedArguments("log.collect", { journal: true, since: "-2h" }, NOW));

  assert.deepEqual([logCollect?.sinceMs, logCollect?.untilMs], [NOW - 7_200_000, undefined]);
  assert.throws(
    () => checkedArguments("log.collect", { since: "2026-03-01T12:00" }, NOW),
    /"since" must be an instant/,
  );
});

for (const [kind, given, message, pointer] of [
  ["ping", { loud: true }, '"loud" is no parameter of ping; it takes: none', "/arguments/loud"],
  [
    "network.change",
    { apply: "ip route del default" },
    '"revert" or "files" is required: nothing says how the change is taken back',
    "/arguments/revert",
  ],
  [
    "agent.upgrade",
    { release: "AAAA", path: "/srv/agent.tar.gz" },
    '"release" is not what sign-release prints: the bytes are no such protobuf message',
    "/arguments/release",
  ],
  [
    "agent.upgrade",
    { release: "EgF4", path: "/srv/agent.tar.gz" },
    '"release" is not what sign-release prints: it describes no release',
    "/arguments/release",
  ],
  ["exec", {}, '"argv" is required', "/arguments/argv"],
  ["exec", { argv: [] }, '"argv" must be an array, not []', "/arguments/argv"],
  ["exec", { argv: "uname -a" }, '"argv" must be an array, not "uname -a"', "/arguments/argv"],
  ["exec", { argv: ["x", 7] }, '"argv.1" must be a string of 0 to 4096 characters, not 7', "/arguments/argv/1"],
  ["exec", { argv: ["x"], env: { A: 1 } }, '"env.A" must be a string, not 1', "/arguments/env/A"],
  [
    "exec",
    { argv: ["x"], shell: true },
    '"shell" is no parameter of exec; it takes: argv, cwd, env, stdin, maxOutputBytes',
    "/arguments/shell",
  ],
  [
    "exec",
    { argv: ["x"], maxOutputBytes: 1.5 },
    '"maxOutputBytes" must be a number from 0 to 16777216, not 1.5',
    "/arguments/maxOutputBytes",
  ],
  [
    "exec",
    { argv: ["x"], maxOutputBytes: 2 ** 30 },
    '"maxOutputBytes" must be a number from 0 to 16777216, not 1073741824',
    "/arguments/maxOutputBytes",
  ],
  ["service.status", { name: "" }, '"name" must be a string of 1 to 256 characters, not ""', "/arguments/name"],
  ["service.restart", {}, '"name" is required', "/arguments/name"],
  ["package.install", {}, '"packages" is required', "/arguments/packages"],
  ["package.remove", { packages: [] }, '"packages" must be an array, not []', "/arguments/packages"],
  ["script", {}, '"content" is required', "/arguments/content"],
  [
    "script",
    { content: "id\n", sha256: HASH_OF_ID },
    `"sha256" is not that of the content, which has ${HASH_OF_ID_LINE}`,
    "/arguments/sha256",
  ],
  ["reboot", { force: true }, '"force" is no parameter of reboot; it takes: none', "/arguments/force"],
] as const satisfies readonly (readonly [CommandKind, object, string, string])[]) {
  test(`${kind} refuses ${JSON.stringify(given)} and names the field`, () => {
    assert.throws(
      () => checkedArguments(kind, given, NOW),
      (error: Error & { type?: string; errors?: readonly { pointer: string }[] }) => {
        assert.deepEqual([error.type, error.message, error.errors?.[0]?.pointer], ["invalid-input", message, pointer]);
        return true;
      },
    );
  });
}

test("every wrong field is named", () => {
  assert.throws(() => checkedArguments("exec", { argv: [7], cwd: 8 }, NOW), {
    message: /"argv.0" must be .*; "cwd" must be/,
  });
});

for (const given of [
  { argv: Array.from({ length: 20 }, () => "x".repeat(4_096)) },
  { argv: ["cat"], stdin: "€".repeat(32_768) },
  { argv: ["env"], env: { A: "x".repeat(70_000) } },
]) {
  test(`arguments that no command has room for are refused: ${JSON.stringify(given).length} characters`, () => {
    assert.throws(() => checkedArguments("exec", given, NOW), {
      type: "invalid-input",
      message: /^the arguments of exec are too large: \d+ bytes, over the limit of \d+$/,
    });
  });
}

test("what passes as arguments fits into a command, whoever asked", () => {
  const given = checkedArguments(
    "exec",
    { argv: ["cat"], stdin: "x".repeat(32_768), env: { A: "x".repeat(28_000) } },
    NOW,
  );
  const longest = {
    trustDomain: "x".repeat(256),
    actor: "x".repeat(256),
    device: "x".repeat(64),
    command: "x".repeat(64),
  };

  const bytes = v1.Command.encode({ ...longest, ...taskOf("exec", given) }).finish().length;

  assert.ok(bytes < limits.commandBytes, `${bytes} bytes`);
});

test("the checked arguments are a copy, and what was given stays as it was", () => {
  const given = { argv: ["x"] };

  checkedArguments("exec", given, NOW);

  assert.deepEqual(given, { argv: ["x"] });
});

test("a script travels with its hash, whether or not somebody gave one", () => {
  const { script } = v1.Command.decode(
    v1.Command.encode(taskOf("script", checkedArguments("script", { content: "id" }, NOW))).finish(),
  );

  assert.deepEqual(
    [Buffer.from(script?.content ?? []).toString(), Buffer.from(script?.sha256 ?? []).toString("hex")],
    ["id", HASH_OF_ID],
  );
});

for (const name of ["--yes", "nginx-", "NGINX", "ng*nx", "a b", "nginx/stable", "task^", "?installed", "nginx=", "x"]) {
  test(`no package can be called ${name}`, () => {
    assert.throws(() => checkedArguments("package.install", { packages: [name] }, NOW), { type: "invalid-input" });
  });
}

test("the wait for other programs travels in milliseconds", () => {
  const { packageInstall } = taskOf(
    "package.install",
    checkedArguments("package.install", { packages: ["nginx"], lockWait: 2 }, NOW),
  );

  assert.equal(packageInstall?.lockWaitMs, 2_000);
});

test("every kind has a task that its message carries", () => {
  for (const kind of Object.keys(commandKinds) as CommandKind[]) {
    const message = v1.Command.decode(v1.Command.encode({ command: "c1", ...taskOf(kind, {}) }).finish());

    assert.equal(message.task, commandKinds[kind].task);
  }
});

test("the kinds are listed with what they need and take", async () => {
  await using world = await startJobs();

  const { kinds } = await world.call(listKinds, {});

  const exec = kinds.find(({ kind }) => kind === "exec");
  assert.ok(exec);
  assert.deepEqual(
    kinds.map(({ kind }) => kind),
    Object.keys(commandKinds),
  );
  assert.deepEqual(
    [exec.permission, exec.lane, exec.onInterrupt, exec.dangerous, exec.runTimeout],
    ["command:exec", "exec", "once", true, 300],
  );
  assert.equal(kinds.find(({ kind }) => kind === "terminal.open")?.runTimeout, 4 * 3_600);
  assert.ok(Object.keys((exec.arguments as { properties: object }).properties).includes("argv"));
});
