import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import test from "node:test";
import { systemClock } from "@edgemere/protocol/kit";
import { HostError, type Program } from "../host.ts";
import { ping } from "./ping.ts";
import { programRunner } from "./run.ts";

const trial = spawnSync("ping", ["-n", "-O", "-c", "1", "127.0.0.1"]);
const skip = trial.status !== 0 && `this machine cannot ping itself: ${trial.error?.message ?? String(trial.stderr)}`;
const run = programRunner(systemClock);

/** How a ping ends that says this on its standard error. */
const endOf = (complaint: string, exitCode: number) =>
  ping({ host: "a.example", every: 1_000, onNews: () => {}, signal: new AbortController().signal }, async (program) => {
    await program.onOutput?.("stderr", Buffer.from(complaint));
    return { exitCode, outputBytes: 0, droppedBytes: 0 };
  }).then(
    () => "wanted",
    (error: unknown) => (error instanceof HostError ? error.reason : error),
  );

test(
  "this machine answers itself, again and again, and one process asks until it is told to end",
  { skip },
  async () => {
    const stop = new AbortController();
    const answers: (number | undefined)[] = [];
    let started = 0;
    const counted = (program: Program) => {
      started += 1;
      return run(program);
    };

    await ping(
      {
        host: "127.0.0.1",
        every: 200,
        onNews: (latency) => {
          answers.push(latency);
          if (answers.length === 3) stop.abort();
        },
        signal: stop.signal,
      },
      counted,
    );

    assert.equal(started, 1);
    assert.deepEqual(
      answers.map((latency) => latency !== undefined && latency >= 0 && latency < 10_000),
      [true, true, true],
    );
  },
);

test("a name that nobody has is told as a failure, not as a ping that is missing", { skip }, async () => {
  const asked = { host: "no-such-host.invalid", every: 200, onNews: () => {}, signal: new AbortController().signal };

  await assert.rejects(ping(asked, run), { name: "HostError", reason: "failed" });
});

test("a host without ping, one that may not use it, and one with another ping say which they are", async () => {
  assert.equal(await endOf("ping: socket: Operation not permitted\n", 2), "not-allowed");
  assert.equal(await endOf("ping: => missing cap_net_raw+p capability or setuid?\n", 2), "not-allowed");
  assert.equal(await endOf("setpriv: failed to execute ping: Operation not permitted\n", 126), "not-allowed");
  assert.equal(await endOf("ping: invalid option -- 'O'\nUsage: ping HOST\n", 1), "not-found");
  assert.equal(await endOf("ping: connect: Network is unreachable\n", 2), "failed");
  assert.equal(await endOf("\u001b[31mnonsense", 0), "failed");
});

test("a ping ends with an agent that was killed", { skip }, async () => {
  const script = `
    import { systemClock } from "@edgemere/protocol/kit";
    import { ping } from ${JSON.stringify(new URL("./ping.js", import.meta.url).href)};
    import { programRunner } from ${JSON.stringify(new URL("./run.js", import.meta.url).href)};
    const onNews = () => console.log("answered");
    await ping({ host: "127.0.0.1", every: 200, onNews, signal: new AbortController().signal }, programRunner(systemClock));`;
  const agent = spawn(process.execPath, ["--input-type=module", "--eval", script], {
    cwd: new URL(".", import.meta.url),
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(createInterface({ input: agent.stdout }), "line");
  const children = spawnSync("ps", ["-o", "pid=,comm=", "--ppid", String(agent.pid)], { encoding: "utf8" }).stdout;
  const pid = Number(/(\d+) ping/.exec(children)?.[1]);
  assert.ok(pid > 0, children);

  agent.kill("SIGKILL");

  while (isRunning(pid)) await new Promise((resolve) => setTimeout(resolve, 20));
});

function isRunning(pid: number): boolean {
  const state = spawnSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" }).stdout.trim();
  return state !== "" && !state.startsWith("Z");
}
