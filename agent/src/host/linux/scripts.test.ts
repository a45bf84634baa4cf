import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { systemClock } from "@edgemere/protocol/kit";
import type { Script } from "../host.ts";
import { programRunner } from "./run.ts";
import { removeScripts, runScript } from "./scripts.ts";

const run = programRunner(systemClock);
const isRoot = process.geteuid?.() === 0;

async function outcome(text: string, more: Partial<Script> = {}) {
  let output = "";
  const result = await runScript(
    {
      interpreter: ["/bin/sh"],
      content: Buffer.from(text),
      arguments: [],
      mark: "01SCRIPT",
      maxOutputBytes: 65_536,
      onOutput: (_channel, bytes) => void (output += Buffer.from(bytes).toString()),
      ...more,
    },
    run,
  );
  return { ...result, output };
}

const leftOf = async (mark: string) =>
  (await readdir(tmpdir())).filter((name) => name.startsWith(`edgemere-script-${mark}-`));

test("a script runs with its arguments and environment, from a file of its user's only, and nothing stays of it", async () => {
  const result = await outcome('echo "$1 $PLACE"; stat -c "%a" "$0" .; pwd; echo "$0"; touch left; exit 3', {
    arguments: ["one  $(id)"],
    env: { PLACE: "hall 7" },
  });

  const [words, fileMode, folderMode, folder = "", file = ""] = result.output.split("\n");
  assert.deepEqual([result.exitCode, words, fileMode, folderMode], [3, "one  $(id) hall 7", "400", "700"]);
  assert.ok(file.startsWith(folder), `${file} in ${folder}`);
  assert.equal(existsSync(folder), false);
});

test("a script is not kept when its interpreter does not exist", async () => {
  await assert.rejects(outcome("id", { interpreter: ["/no/such/program"], mark: "01MISSING" }), {
    reason: "not-found",
    message: /\/no\/such\/program does not exist/,
  });
  assert.deepEqual(await leftOf("01MISSING"), []);
});

test("the interpreter is given what stands before the file's name", async () => {
  const result = await outcome("console.log(process.execArgv.join())", {
    interpreter: [process.execPath, "--no-warnings"],
  });

  assert.equal(result.output, "--no-warnings\n");
});

test(
  "a script that an unprivileged user is to run is theirs, with none of the agent's rights and groups",
  { skip: !isRoot && "only root can run programs as others" },
  async () => {
    const result = await outcome(
      'exec 2>&1; id -un; id -G; echo "$HOME"; cat /etc/shadow; cat "$0" | wc -l; touch own && echo wrote',
      {
        user: "nobody",
      },
    );

    const [name, groups, home, shadow, lines, wrote] = result.output.split("\n");
    assert.deepEqual([name, groups, home, wrote], ["nobody", "65534", "/nonexistent", "wrote"]);
    assert.match(shadow ?? "", /Permission denied/);
    assert.equal(lines?.trim(), "0");
    assert.deepEqual(await leftOf("01SCRIPT"), []);
  },
);

test(
  "an agent that is not root runs nothing as somebody else",
  { skip: !isRoot && "another user is wanted who is there on every machine" },
  async () => {
    const script = `
      import { systemClock } from "@edgemere/protocol/kit";
      import { programRunner } from ${JSON.stringify(new URL("./run.js", import.meta.url).href)};
      process.setuid(65534);
      await programRunner(systemClock)({ argv: ["id"], user: "root", maxOutputBytes: 100 })
        .catch((error) => process.stdout.write(error.reason + ": " + error.message));`;
    const agent = spawn(process.execPath, ["--input-type=module", "--eval", script], {
      cwd: new URL(".", import.meta.url),
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [said] = (await once(agent.stdout, "data")) as [Buffer];

    assert.match(said.toString(), /^not-allowed: the agent runs as user 65534 and cannot run programs as root/);
  },
);

test("what a script left whose agent was killed is removed, and nothing else that is called alike", async () => {
  const agent = spawn(
    process.execPath,
    [
      "--input-type=module",
      "--eval",
      `
      import { systemClock } from "@edgemere/protocol/kit";
      import { programRunner } from ${JSON.stringify(new URL("./run.js", import.meta.url).href)};
      import { runScript } from ${JSON.stringify(new URL("./scripts.js", import.meta.url).href)};
      await runScript(
        {
          interpreter: ["/bin/sh"], content: Buffer.from("touch effect; echo ready; exec sleep 1000"), arguments: [], mark: "01KILLED",
          maxOutputBytes: 100, onOutput: (_channel, bytes) => process.stdout.write(bytes),
        },
        programRunner(systemClock),
      );`,
    ],
    { cwd: new URL(".", import.meta.url), stdio: ["ignore", "pipe", "inherit"] },
  );
  await once(agent.stdout, "data");
  agent.kill("SIGKILL");
  await once(agent, "exit");
  const other = await mkdtemp(join(tmpdir(), "edgemere-script-01KILLED-more-"));
  const file = join(tmpdir(), "edgemere-script-01KILLED-abcdef");
  await writeFile(file, "no folder");
  const before = (await leftOf("01KILLED")).length;

  const removed = await removeScripts(["01KILLED", "01NEVER"]);

  assert.deepEqual([before, removed, await removeScripts(["01KILLED"])], [3, 1, 0]);
  assert.deepEqual([existsSync(other), existsSync(file)], [true, true]);
  await rm(other, { recursive: true });
  await rm(file);
});
