import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { missing } from "../faults/needs.ts";
import { createJob, endOf, isThere, outputOf } from "../world/jobs.ts";
import { eventually, startWorld } from "../world/world.ts";
import { noSandbox, sandboxed } from "./sandbox.ts";

const AT_NOW = "a job for at that has begun";

/** Each begins a process that wants to stay, and writes its number into the file that is its first argument. */
const escapes: Readonly<Record<string, string>> = {
  nohup: 'nohup sh -c "echo \\$\\$ > $0; exec sleep 1000" >/dev/null 2>&1 &',
  setsid: 'setsid sh -c "echo \\$\\$ > $0; exec sleep 1000" >/dev/null 2>&1 &',
  "a double fork": `(setsid sh -c 'sh -c "echo \\$\\$ > $0; exec sleep 1000" "$0" &' "$0" >/dev/null 2>&1 &)`,
  "disown of the shell": 'bash -c "sleep 1000 & echo \\$! > $0; disown -a" >/dev/null 2>&1',
  // What at keeps of whoever asks includes the environment, and with it the mark.
  [AT_NOW]: `echo "echo \\$\\$ > $0; exec sleep 1000" | at now >/dev/null 2>&1`,
  "a loop that starts itself anew": 'setsid sh -c "echo \\$\\$ > $0; while :; do sleep 1000; done" >/dev/null 2>&1 &',
};
for (const [what, script] of Object.entries(escapes))
  test(`T20 what a command leaves behind by ${what} is gone when the command was stopped`, async (t) => {
    const why = what === AT_NOW ? await noAtd() : undefined;
    if (why !== undefined) return t.skip(why);
    await using world = await startWorld();
    await world.enrolAgent("gw1", ["--allow", "exec"]);
    const file = join(world.folder, "pid");
    const job = await createJob(world, "gw1", "exec", {
      argv: ["sh", "-c", `${script}\nwhile [ ! -s "$0" ]; do sleep 0.05; done; echo begun; sleep 1000`, file],
    });
    const pid = await eventually(async () => Number(await readFile(file, "utf8")) || undefined, "the process to begin");
    assert.equal(await isThere(pid), true);

    await world.client.call("cpl/dm/job/cancel", { job });
    const { state } = await endOf(world, job);

    assert.equal(state, "cancelled");
    assert.equal(await isThere(pid), false);
  });

test("T20 in the sandbox of its unit a command hands nothing to at or cron that would stay when it is gone", async (t) => {
  const why = (await noSandbox()) ?? missing(["at", "cron"]);
  if (why !== undefined) return t.skip(why);
  await using world = await startWorld();
  const dataFolder = join(world.folder, "boxed");
  await world.enrolAgent("boxed", ["--allow", "exec"], { dataFolder, launch: await sandboxed(dataFolder) });
  const run = async (script: string) => {
    const job = await createJob(world, "boxed", "exec", { argv: ["sh", "-c", script] });
    return { ...(await endOf(world, job)), ...(await outputOf(world, { job, state: "ended" })) };
  };

  const attempts = [
    "echo 'sleep 1000' | at now + 1 minute",
    "echo '* * * * * sleep 1000' | crontab -",
    "echo '* * * * * root sleep 1000' > /etc/cron.d/edgemere-was-here",
  ];
  for (const attempt of attempts) assert.equal((await run(attempt)).state, "failed", attempt);

  assert.equal((await run("atq; crontab -l 2>/dev/null; true")).stdout, "");
});

/** Why no job for at can begin here; undefined when it can. */
async function noAtd(): Promise<string | undefined> {
  const why = missing(["at"]);
  if (why !== undefined) return why;
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const names = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/comm`, "utf8").catch(() => "")));
  return names.includes("atd\n") ? undefined : "atd does not run";
}
