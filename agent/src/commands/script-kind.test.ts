import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { sealingKeyBytes, sealSecrets } from "@edgemere/protocol";
import { ManualClock, SimulatedDisk } from "@edgemere/protocol/simulated";
import fc from "fast-check";
import { BenchHost } from "./bench-host.test-support.ts";
import { aBench, aCommand, sealingKey, START } from "./bench.test-support.ts";
import { interpreterOf } from "./interpreter.ts";

const aMachine = () => {
  const clock = new ManualClock(START);
  return { disk: new SimulatedDisk(), clock, host: new BenchHost(clock) };
};

type ScriptMessage = NonNullable<NonNullable<Parameters<typeof aCommand>[1]>["script"]>;

/** A script for the bench's machine, on which the interpreter `say` says the script itself. */
function aScript(text = "hello", more: Partial<ScriptMessage> = {}) {
  const content = Buffer.from(text);
  const sha256 = createHash("sha256").update(content).digest();
  return { script: { content, sha256, interpreter: "say", maxOutputBytes: 1_000, ...more } };
}

test("a script runs by its interpreter, with its arguments, and its output is delivered", async () => {
  const machine = aMachine();
  await using bench = await aBench(machine);

  await bench.deliver([aCommand(1, aScript("hello", { arguments: ["a", "b"] }))]);

  assert.deepEqual([await bench.ends(), machine.host.ran], [["c1 SUCCEEDED"], ["say hello a b"]]);
  const end = (await bench.reports()).at(-1)?.script;
  assert.deepEqual([end?.exitCode, end?.outputBytes], [0, 5]);
  const [output] = await bench.spool.read("log", 1, { bytes: Infinity, records: Infinity });
  assert.equal(Buffer.from(output?.record.commandOutput?.content ?? []).toString(), "hello");
});

for (const [what, script, message] of [
  ["whose hash is another", aScript("x", { sha256: Buffer.alloc(32) }), /^sha256: it is not that of the content/],
  ["without a hash", aScript("x", { sha256: Buffer.alloc(0) }), /^sha256: /],
  ["that is empty", aScript(""), /^content: the script is empty/],
  ["for a user with an odd name", aScript("x", { user: "-u root" }), /^user: -u root cannot be the name of a user/],
  ["in a folder that is none", aScript("x", { cwd: "tmp" }), /^cwd: tmp must start with \//],
  ["with an odd variable", aScript("x", { env: { "A B": "" } }), /^env: A B is no name/],
  ["with NUL in an argument", aScript("x", { arguments: ["a\0"] }), /must not contain NUL/],
] as const) {
  test(`a script ${what} is rejected in words, and does not run`, async () => {
    const machine = aMachine();
    await using bench = await aBench(machine);

    await bench.deliver([aCommand(1, script)]);

    assert.deepEqual([await bench.ends(), machine.host.ran], [["c1 REJECTED bad-arguments"], []]);
    assert.match((await bench.reports()).at(-1)?.detail ?? "", message);
  });
}

test("a script has its secrets in its environment", async () => {
  const machine = aMachine();
  await using bench = await aBench(machine);
  const owner = { trustDomain: "test", device: "d1", command: "c1" };
  const secrets = sealSecrets({ PASSWORD: "correct horse" }, sealingKeyBytes(sealingKey), owner);

  await bench.deliver([aCommand(1, aScript("x", { secrets, env: { PLACE: "hall 7" } }))]);

  assert.deepEqual(machine.host.environments, [{ PLACE: "hall 7", PASSWORD: "correct horse" }]);
});

test("a script that ran when the agent stopped is reported as interrupted, never run again, and what it left is removed", async () => {
  const machine = aMachine();
  const first = await aBench(machine);
  await first.deliver([aCommand(1, aScript("5000", { interpreter: "wait" }))], 10);
  const copy = await machine.disk.read("commands/journal");
  await first[Symbol.asyncDispose]();
  await machine.disk.write("commands/journal", copy ?? new Uint8Array());

  await using second = await aBench(machine);
  await machine.clock.advance(1_000);

  assert.deepEqual(await second.ends(), ["c1 INTERRUPTED agent-stopped"]);
  assert.deepEqual(machine.host.ran, ["wait 5000"]);
  assert.deepEqual(machine.host.forgotten, ["c1"]);
});

for (const [content, interpreter, expected] of [
  ["id\n", "", ["/bin/sh"]],
  ["#!/bin/bash\nid", "", ["/bin/bash"]],
  ["#!/usr/bin/env -S python3 -u\r\nprint()", "", ["/usr/bin/env", "-S python3 -u"]],
  ["#! /usr/bin/perl  -w  \n", "", ["/usr/bin/perl", "-w"]],
  ["#!\nid", "", ["/bin/sh"]],
  ["#!/bin/bash\nid", "python3", ["python3"]],
  ["", "", ["/bin/sh"]],
] as const) {
  test(`${JSON.stringify(content)} is run by ${expected.join(" ")}${interpreter && ` when ${interpreter} is asked for`}`, () => {
    assert.deepEqual(interpreterOf({ content: Buffer.from(content), interpreter }), expected);
  });
}

test("whatever a script begins with, there is a program to run it that has no line end in its name", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), (bytes, isMarked) => {
      const content = isMarked ? Buffer.concat([Buffer.from("#!"), bytes]) : bytes;
      const words = interpreterOf({ content, interpreter: "" });

      assert.ok(words[0] !== "" && words.length <= 2);
      assert.ok(words.every((word) => !word.includes("\n")));
    }),
  );
});
