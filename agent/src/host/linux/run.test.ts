import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import test from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { systemClock } from "@edgemere/protocol/kit";
import type { HostError, Program, ProgramResult } from "../host.ts";
import { programRunner } from "./run.ts";

const run = programRunner(systemClock);

async function outcome(
  argv: Program["argv"],
  more: Partial<Program> = {},
): Promise<ProgramResult & { readonly stdout: string; readonly stderr: string }> {
  const output = { stdout: "", stderr: "" };
  const onOutput: Program["onOutput"] = (channel, bytes) => {
    output[channel] += Buffer.from(bytes).toString("utf8");
    void more.onOutput?.(channel, bytes);
  };
  return { ...(await run({ argv, maxOutputBytes: 65_536, ...more, onOutput })), ...output };
}

/** Resolves when a process is gone; a dead one that nobody has buried yet counts as gone. */
async function gone(pid: number): Promise<void> {
  const { readFile } = await import("node:fs/promises");
  const state = async () => /\) (\S)/.exec(await readFile(`/proc/${pid}/stat`, "utf8").catch(() => ""))?.[1] ?? "X";
  while (!"XZ".includes(await state())) await pause(5);
}

test("a program gives its exit code and both channels", async () => {
  const result = await outcome(["sh", "-c", "echo out; echo err >&2; exit 3"]);

  assert.deepEqual(result, { exitCode: 3, outputBytes: 8, droppedBytes: 0, stdout: "out\n", stderr: "err\n" });
});

test("arguments reach the program as they are, never through a shell", async () => {
  const result = await outcome(["printf", "%s", "$(id); `id` && * ~"]);

  assert.equal(result.stdout, "$(id); `id` && * ~");
});

test("a program reads its standard input and works in its directory with its own environment only", async () => {
  process.env["EDGEMERE_TEST_SECRET"] = "s3cret";
  const result = await outcome(["sh", "-c", "cat; pwd; echo $GREETING$EDGEMERE_TEST_SECRET"], {
    stdin: Buffer.from("in\n"),
    cwd: "/usr",
    env: { GREETING: "hello" },
  });

  assert.equal(result.stdout, "in\n/usr\nhello\n");
});

test("a program that does not read its input ends as it likes", async () => {
  const result = await outcome(["true"], { stdin: new Uint8Array(1024 * 1024) });

  assert.equal(result.exitCode, 0);
});

test("output over the limit is dropped and counted, and the program goes on", async () => {
  const result = await outcome(["sh", "-c", "head -c 100000 /dev/zero; exit 7"], { maxOutputBytes: 1_000 });

  assert.deepEqual([result.exitCode, result.outputBytes, result.droppedBytes], [7, 1_000, 99_000]);
});

test("aborting ends the program and its children", async () => {
  const stop = new AbortController();
  let child = 0;
  const result = await outcome(["sh", "-c", "sleep 1000 & echo $!; wait"], {
    signal: stop.signal,
    onOutput: (_channel, bytes) => {
      child = Number(Buffer.from(bytes).toString());
      stop.abort();
    },
  });

  assert.equal(result.endedBySignal, "SIGTERM");
  await gone(child);
});

test("a program that does not listen to SIGTERM is killed", async () => {
  const stop = new AbortController();
  const patient = programRunner({ ...systemClock, sleep: () => Promise.resolve() });
  const result = await patient({
    argv: ["sh", "-c", "trap '' TERM; echo ready; while :; do sleep 1; done"],
    maxOutputBytes: 100,
    signal: stop.signal,
    onOutput: () => stop.abort(),
  });

  assert.equal(result.endedBySignal, "SIGKILL");
});

test("a program whose signal was aborted before it started does not start", async () => {
  assert.deepEqual(await outcome(["sh", "-c", "echo ran"], { signal: AbortSignal.abort() }), {
    endedBySignal: "SIGTERM",
    outputBytes: 0,
    droppedBytes: 0,
    stdout: "",
    stderr: "",
  });
});

test("what a program leaves behind in its group ends with it", async () => {
  const result = await outcome(["sh", "-c", "sleep 1000 >/dev/null 2>&1 & echo $!"]);

  assert.equal(result.exitCode, 0);
  await gone(Number(result.stdout));
});

test("a program that cannot start is refused with a reason", async () => {
  const reasonOf = (argv: Program["argv"], more: Partial<Program> = {}) =>
    outcome(argv, more).then(
      () => "started",
      (error: HostError) => error.reason,
    );

  assert.equal(await reasonOf(["no-such-program"]), "not-found");
  assert.equal(await reasonOf(["/no/such/program"]), "not-found");
  assert.equal(await reasonOf(["/etc/passwd"]), "not-allowed");
  assert.equal(await reasonOf(["/usr"]), "not-allowed");
  assert.equal(await reasonOf(["true"], { cwd: "/no/such/folder" }), "not-found");
  assert.equal(await reasonOf(["true"], { cwd: "usr" }), "not-found");
  assert.equal(await reasonOf(["true", "a\0b"]), "failed");
});

test(
  "a program dies with an agent that was killed",
  { skip: !existsSync("/usr/bin/setpriv") && "no setpriv on this machine" },
  async () => {
    const script = `
      import { systemClock } from "@edgemere/protocol/kit";
      import { programRunner } from ${JSON.stringify(new URL("./run.js", import.meta.url).href)};
      await programRunner(systemClock)({
        argv: ["sh", "-c", "echo $$; exec sleep 1000"],
        maxOutputBytes: 100,
        onOutput: (_channel, bytes) => process.stdout.write(bytes),
      });`;
    const agent = spawn(process.execPath, ["--input-type=module", "--eval", script], {
      cwd: new URL(".", import.meta.url),
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = (await once(agent.stdout, "data")) as [Buffer];

    agent.kill("SIGKILL");

    await gone(Number(line.toString()));
  },
);
