import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { userInfo } from "node:os";
import { test } from "node:test";
import { systemClock } from "@edgemere/protocol/kit";
import type { TerminalRequest } from "../host.ts";
import { kernelText } from "./kernel-files.ts";
import { hasTerminal, terminalOpener } from "./terminal.ts";

const me = userInfo().username;
const skip = !(await hasTerminal()) && "node-pty does not load here";
const PROMPT = "ready> ";

/** A shell of this machine, of which all that it shows is kept. */
async function aShell(over: Partial<TerminalRequest> = {}) {
  let shown = "";
  let look = () => {};
  const onOutput = (bytes: Uint8Array) => {
    shown += Buffer.from(bytes).toString();
    look();
  };
  const shell = await terminalOpener(
    systemClock,
    me,
  )({ columns: 80, rows: 24, mark: "test-terminal", onOutput, ...over });
  const until = (pattern: RegExp) =>
    new Promise<RegExpExecArray>((resolve) => {
      look = () => {
        const found = pattern.exec(shown);
        if (found !== null) resolve(found);
      };
      look();
    });
  const type = (line: string) => shell.write(Buffer.from(`${line}\r`));
  await type(`PS1='${PROMPT}'`);
  await until(/ready> $/);
  return { shell, until, type, [Symbol.asyncDispose]: (): Promise<void> => shell.end() };
}

test(
  "a terminal is a shell of its user with nothing of the agent's environment, and its size is what it is told",
  { skip },
  async () => {
    process.env["EDGEMERE_AGENT_SECRET"] = "told to nobody";
    await using terminal = await aShell();

    terminal.shell.resize({ columns: 132, rows: 43 });
    await terminal.type("stty size; id -un; echo secret=$EDGEMERE_AGENT_SECRET; echo term=$TERM; tty; echo do''ne");
    const [shown] = await terminal.until(/43 132[^]*\ndone/);

    assert.match(shown, new RegExp(`\\n${me}\\r`));
    assert.match(shown, /\nsecret=\r/);
    assert.match(shown, /\nterm=xterm-256color\r/);
    assert.match(shown, /\n\/dev\/pts\/\d+\r/);
  },
);

test("how a shell ended is told, after everything it has shown", { skip }, async () => {
  await using terminal = await aShell();

  await terminal.type("echo last''words; exit 7");

  assert.deepEqual(await terminal.shell.ended, { exitCode: 7 });
  await terminal.until(/lastwords/);
});

test(
  "T20 nothing that was started in a terminal outlives it: no background job, no session of its own, no double fork",
  { skip },
  async () => {
    const terminal = await aShell();
    const started = [
      "sleep 601 &",
      "nohup sleep 602 >/dev/null 2>&1 &",
      "setsid sleep 603 &",
      "(setsid sh -c 'sleep 604 & sleep 605' >/dev/null 2>&1 &)",
      "trap '' HUP TERM; sleep 606 &",
    ];
    for (const line of started) await terminal.type(line);
    await terminal.type("echo star''ted");
    await terminal.until(/[\n\r]started/);
    assert.notDeepEqual(running(/^sleep\0(60[1-6])\0/), []);

    await terminal.shell.end();

    assert.deepEqual(running(/^sleep\0(60[1-6])\0/), []);
  },
);

/** Command lines of this machine's processes that look so. */
function running(pattern: RegExp): readonly string[] {
  const numbers = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return numbers.map((pid) => kernelText(`/proc/${pid}/cmdline`) ?? "").filter((line) => pattern.test(line));
}

test("as somebody else only root can open terminals, and root itself must be meant", { skip }, async () => {
  const request = { columns: 80, rows: 24, mark: "nobody", onOutput: () => {} };
  const isRoot = process.getuid?.() === 0;

  await assert.rejects(terminalOpener(systemClock, "no-such-user")(request), {
    reason: isRoot ? "not-found" : "not-allowed",
  });
  if (isRoot) await assert.rejects(terminalOpener(systemClock)(request), /--terminal-user/);
});
