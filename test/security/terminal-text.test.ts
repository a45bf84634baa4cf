import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { commandLine, type CommandLine } from "../world/command-line.ts";
import { promisify } from "node:util";
import { startWorld, type World } from "../world/world.ts";
import { hostileAgent } from "./hostile-agent.ts";

let world: World;
let left: Awaited<ReturnType<typeof hostileAgent>>;
let cli: CommandLine;
before(async () => {
  world = await startWorld();
  left = await hostileAgent(world, "hostile");
  cli = commandLine(world.folder);
});
after(() => world[Symbol.asyncDispose]());

const SCRIPT = "/usr/bin/script";
const noTerminal = !existsSync(SCRIPT) && "no script(1) of util-linux on this machine";
const program = join(import.meta.dirname, "../../../control-plane/bin/edgemere.js");

/** Types it at a terminal; gives every byte that reached the screen. */
async function onTerminal(words: readonly string[]): Promise<string> {
  const line = [process.execPath, program, ...words].map((word) => `'${word}'`).join(" ");
  const { stdout } = await promisify(execFile)(SCRIPT, ["--quiet", "--return", "--command", line, "/dev/null"], {
    env: { ...process.env, ...credentials(), HOME: world.folder, TERM: "xterm-256color" },
    maxBuffer: 16 * 1024 * 1024,
  });
  return stdout;
}

const credentials = () => ({ EDGEMERE_TOKEN: world.token, EDGEMERE_SERVER: world.baseUrl });

/** What may reach a terminal beside plain text: breaks of lines, and the colours and weights that are ours. */
const OURS = /\u001b\[(?:[0-9]|[1-9][0-9])?m|\r\n/g;
const ACTS =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]|[\u{e0000}-\u{e0fff}]/u;

/** Everything that shows what a device has said. */
const commands: readonly (readonly [title: string, words: () => readonly string[]])[] = [
  ["the list of devices", () => ["device", "list", "--columns", "name,agent.version,conditions,inventory"]],
  ["a device", () => ["device", "find", "hostile"]],
  ["a device's inventory as it changed", () => ["device", "history", "hostile", "--all"]],
  ["what an agent has noted", () => ["cpl", "dm", "device", "events", "hostile", "--all"]],
  ["a device's books", () => ["device", "accounting", "hostile"]],
  ["counts of the fleet", () => ["device", "summary"]],
  ["a job", () => ["job", "find", left.job]],
  ["a job's output", () => ["job", "output", left.job]],
  ["metrics", () => ["ta", "metrics", "hostile"]],
  ["values", () => ["ta", "latest", "hostile"]],
  ["data sources", () => ["diml", "dml", "fmdm", "datasource", "list"]],
  ["files", () => ["diml", "dml", "fmdm", "data", "list", "--all"]],
  ["events", () => ["watch", "--after", "0", "--count", "20"]],
];

for (const [title, words] of commands) {
  test(
    `T17 ${title}: nothing that a device says acts on the terminal where it is shown`,
    { skip: noTerminal },
    async () => {
      const shown = await onTerminal(words());

      assert.notEqual(shown, "");
      assert.doesNotMatch(shown.replaceAll(OURS, "").replaceAll("\t", ""), ACTS);
    },
  );

  for (const format of ["json", "yaml", "csv"])
    test(`T17 ${title} as ${format}: nothing that a device says acts on what shows it`, async () => {
      const ran = await cli.run([...words(), "--output", format], "", credentials());

      assert.equal(ran.code, 0, ran.stderr);
      assert.doesNotMatch(ran.stdout.replaceAll(/\r?\n/g, ""), ACTS);
    });
}
