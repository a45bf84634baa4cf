import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { linuxHost } from "@edgemere/agent";
import { noTerminal as skip } from "../world/has-terminal.ts";
import { opensTerminals } from "../world/terminals.ts";
import { eventually, startWorld } from "../world/world.ts";

const program = join(import.meta.dirname, "../../../control-plane/bin/edgemere.js");
const HERE = "here> ";
const THERE = "there> ";

/** Somebody at a terminal of this machine, in whose shell anything can be typed. */
async function sitDown() {
  let shown = "";
  let seen = 0;
  const shell = await linuxHost({ terminalUser: userInfo().username }).openTerminal({
    columns: 100,
    rows: 30,
    mark: randomUUID(),
    onOutput: (bytes) => (shown += Buffer.from(bytes).toString()),
  });
  const type = (text: string) => shell.write(Buffer.from(text));
  /** What was shown since the last look, up to what is waited for. */
  const until = (pattern: RegExp) =>
    eventually(
      async () => {
        const found = pattern.exec(shown.slice(seen));
        if (found === null) throw new Error(`it shows ${JSON.stringify(shown.slice(-800))}`);
        seen += found.index + found[0].length;
        return found;
      },
      `${String(pattern)} in a terminal`,
    );
  return { shell, type, until, [Symbol.asyncDispose]: (): Promise<void> => shell.end() };
}

/** Gives a shell a prompt that can be waited for; typed in two halves, so that its echo is not taken for it. */
const prompt = (words: string) => `PS1='${words.slice(0, 3)}''${words.slice(3)}'\r`;

test(
  "edgemere terminal in a real terminal: its size, its keys, its way out and what it leaves behind",
  {
    skip,
  },
  async () => {
    await using world = await startWorld();
    await world.enrolAgent("gw1", opensTerminals);
    const tokenFile = join(world.folder, "token");
    await writeFile(tokenFile, world.token, { mode: 0o600 });
    await using seat = await sitDown();
    const { shell, type, until } = seat;
    const enter = async () => {
      await type(`${process.execPath} ${program} terminal gw1 --reason 'INC-204: disk full'\r`);
      // Its shell is there when it shows something of its own: a prompt ends without a line.
      await until(/[$#>] $/);
      await type(prompt(THERE));
      await until(/there> $/);
    };
    await type(prompt(HERE));
    await until(/here> $/);
    await type(`export EDGEMERE_SERVER=${world.baseUrl} EDGEMERE_TOKEN_FILE=${tokenFile} HOME=${world.folder}\r`);
    await until(/here> $/);

    await enter();
    await type("stty size\r");
    await until(/\s30 100\s/);
    shell.resize({ columns: 132, rows: 43 });
    await eventually(async () => {
      await type("echo size=$(stty size | tr ' ' x)\r");
      const [, size] = await until(/size=(\d+x\d+)/);
      return size === "43x132";
    }, "the new size on the device");

    // Ctrl-C belongs to the program over there, and ends neither the session nor the command line.
    await type("echo asl''eep; sleep 600\r");
    await until(/asleep/);
    await type("\u0003");
    await until(/there> $/);
    await type("echo still-$((6*7))\r");
    await until(/still-42/);
    await type("exit 5\r");
    await until(/terminal ended[^]*here> $/);
    await type("echo code=$? $(stty -a | grep -ow -e '-\\?icanon' -e '-\\?echo' | tr '\\n' ' ')\r");
    const [, left] = await until(/\scode=(\d[^\r]*)\r/);
    assert.equal(left?.trim(), "5 icanon echo", "the exit code is that of the shell, and the terminal is as it was");

    await enter();
    await type("\r~.");
    await until(/terminal ended: you left[^]*here> $/);

    // As at a serial line, whose size nobody knows.
    await type("stty rows 0 cols 0\r");
    await until(/here> $/);
    await enter();
    await type("stty size\r");
    await until(/\s24 80\s/);
    await type("\r~.");
    await until(/terminal ended: you left[^]*here> $/);
    const { items } = await world.client.call("cpl/dm/recording/list", {});
    assert.deepEqual(
      items.map(({ reason }) => reason),
      Array.from({ length: 3 }, () => "INC-204: disk full"),
    );
  },
);
