import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import test from "node:test";
import { systemClock } from "@edgemere/protocol/kit";
import { killMarked } from "./marked-processes.ts";
import { programRunner } from "./run.ts";

const run = programRunner(systemClock);

// What leaves its parents: a session of its own, an ignored hang-up, a parent that is gone.
const LEAVERS = [
  "setsid sleep 1000 >/dev/null 2>&1 & echo $!",
  "nohup sleep 1000 >/dev/null 2>&1 & echo $!",
  "(setsid sh -c 'sleep 1000 & echo $!; exec >/dev/null 2>&1' &)",
];

/** Runs a script that leaves three processes behind and waits; gives their numbers once they are all there. */
async function leave(mark: string, afterwards: (stop: AbortController) => void): Promise<readonly number[]> {
  const stop = new AbortController();
  let said = "";
  await run({
    argv: ["sh", "-c", `${LEAVERS.join("\n")}\nwait; sleep 1000`],
    maxOutputBytes: 1_000,
    mark,
    signal: stop.signal,
    onOutput: (_channel, bytes) => {
      said += Buffer.from(bytes).toString();
      if (said.trim().split("\n").length === LEAVERS.length) afterwards(stop);
    },
  });
  return said.trim().split("\n").map(Number);
}

async function isAlive(pid: number): Promise<boolean> {
  const { readFile } = await import("node:fs/promises");
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return !"XZ".includes(/\) (\S)/.exec(stat)?.[1] ?? "X");
}

test("a command that is stopped leaves no process behind, whatever became of its children", async () => {
  const left = await leave("c-stopped", (stop) => stop.abort());

  assert.equal(left.length, 3);
  assert.deepEqual(await Promise.all(left.map(isAlive)), [false, false, false]);
});

test("a service that a command started lives on when the command ends by itself", async () => {
  let pid = 0;
  await run({
    // It has its session before its parent knows its number and ends.
    argv: ["sh", "-c", "echo $(setsid sh -c 'echo $$; exec sleep 1000 >/dev/null 2>&1' &)"],
    maxOutputBytes: 100,
    mark: "c-service",
    onOutput: (_channel, bytes) => void (pid = Number(Buffer.from(bytes).toString())),
  });

  assert.equal(await isAlive(pid), true);
  assert.equal(await killMarked(["c-service"], systemClock), 1);
});

test("after a death of the agent its commands' processes are found by their marks, and no others", async () => {
  const script = `
    import { systemClock } from "@edgemere/protocol/kit";
    import { programRunner } from ${JSON.stringify(new URL("./run.js", import.meta.url).href)};
    await programRunner(systemClock)({
      argv: ["sh", "-c", ${JSON.stringify(`${LEAVERS.join("\n")}\nwait; sleep 1000`)}],
      maxOutputBytes: 1_000,
      mark: "c-killed",
      onOutput: (_channel, bytes) => process.stdout.write(bytes),
    });`;
  const agent = spawn(process.execPath, ["--input-type=module", "--eval", script], {
    cwd: new URL(".", import.meta.url),
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  for await (const chunk of agent.stdout) {
    said += String(chunk);
    if (said.trim().split("\n").length === LEAVERS.length) break;
  }
  const left = said.trim().split("\n").map(Number);
  agent.kill("SIGKILL");
  if (agent.exitCode === null && agent.signalCode === null) await once(agent, "exit");

  assert.equal(await killMarked(["c-other"], systemClock), 0);
  const alive = (await Promise.all(left.map(isAlive))).filter(Boolean).length;
  assert.ok(alive >= 2, `${alive} of them outlived the agent`);
  assert.ok((await killMarked(["c-other", "c-killed"], systemClock)) >= alive);
  assert.deepEqual(await Promise.all(left.map(isAlive)), [false, false, false]);
});
