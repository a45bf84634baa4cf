import assert from "node:assert/strict";
import { test } from "node:test";
import { v1 } from "@edgemere/protocol";
import { ManualClock, SimulatedDisk } from "@edgemere/protocol/simulated";
import { HostError } from "../host/host.ts";
import { BenchHost } from "./bench-host.test-support.ts";
import { aBench, aCommand, anExec, START } from "./bench.test-support.ts";
import { forbiddenBy, policyFrom } from "./local-policy.ts";

const commandOf = (over: v1.Command.$Properties) => v1.Command.decode(v1.Command.encode(over).finish());
const exec = (program: string) => commandOf({ actor: "user:alice", exec: { argv: [program] } });
const script = (text: string) => commandOf({ actor: "user:alice", script: { content: Buffer.from(text) } });
const at = (hour: number, minute = 0) => START + (hour * 60 + minute) * 60_000;

const verdicts = [
  ["an empty file", "", exec("/bin/sh"), at(3), undefined],
  ["a kind that is forbidden", "forbid: [exec]", exec("/bin/sh"), at(3), /^forbid: exec/],
  ["another kind", "forbid: [reboot]", exec("/bin/sh"), at(3), undefined],
  ["a harmless kind that is forbidden", "forbid: [ping]", commandOf({ ping: {} }), at(3), /^forbid: ping/],
  ["a program of the list", "programs: [/bin/true]", exec("/bin/true"), at(3), undefined],
  ["a program that is none of the list", "programs: [/bin/true]", exec("/bin/sh"), at(3), /^programs: \/bin\/sh/],
  ["the name of a program of the list", "programs: [/bin/true]", exec("true"), at(3), /^programs: true/],
  ["a longer way to a program of the list", "programs: [/bin/true]", exec("/bin/../bin/true"), at(3), /^programs/],
  ["any program where none is listed", "programs: []", exec("/bin/true"), at(3), /^programs/],
  ["a script of an interpreter of the list", "programs: [/bin/sh]", script("id"), at(3), undefined],
  [
    "a script whose first line names another",
    "programs: [/bin/sh]",
    script("#!/bin/bash"),
    at(3),
    /^programs: \/bin\/bash .* script/,
  ],
  ["a reboot where programs are listed", "programs: [/bin/true]", commandOf({ reboot: {} }), at(3), undefined],
  ["somebody who may", "actors: ['user:alice']", exec("/bin/sh"), at(3), undefined],
  ["somebody else", "actors: ['user:bob']", exec("/bin/sh"), at(3), /^actors: user:alice/],
  ["nobody", "actors: ['user:bob']", commandOf({ reboot: {} }), at(3), /^actors: nobody/],
  ["a harmless kind that anybody asks for", "actors: ['user:bob']", commandOf({ ping: {} }), at(3), undefined],
  ["the first minute of the hours", "hours: 03:00-04:00", exec("/bin/sh"), at(3), undefined],
  ["the first minute after the hours", "hours: 03:00-04:00", exec("/bin/sh"), at(4), /^hours/],
  ["before midnight, in hours over midnight", "hours: 22:00-05:30", exec("/bin/sh"), at(23), undefined],
  ["after midnight, in hours over midnight", "hours: 22:00-05:30", exec("/bin/sh"), at(5, 29), undefined],
  ["noon, in hours over midnight", "hours: 22:00-05:30", exec("/bin/sh"), at(12), /^hours/],
  ["a harmless kind at any hour", "hours: 03:00-04:00", commandOf({ ping: {} }), at(12), undefined],
] as const;
for (const [what, text, command, now, rule] of verdicts) {
  test(`the rules of a host ${rule === undefined ? "let through" : "forbid"} ${what}`, () => {
    const said = forbiddenBy(policyFrom(text), command, now);

    assert.equal(said === undefined, rule === undefined);
    assert.match(said ?? "", rule ?? /^$/);
  });
}

const mistakes = [
  ["a word that is no rule", "forbidden: [exec]", /"forbidden" is none of forbid, programs, actors, hours/],
  ["a kind that there is not", "forbid: [exce]", /there is no kind "exce"/],
  ["a word where a list must be", "forbid: exec", /forbid: must be a list/],
  ["a number in a list", "actors: [7]", /actors: must be a list of words/],
  ["a program without its path", "programs: [sh]", /must be a whole path, such as \/usr\/bin\/sh/],
  ["hours that there are not", "hours: 22:00-24:30", /hours: must be like/],
  ["hours in words", "hours: at night", /hours: must be like/],
  ["no YAML", "forbid: [", /no valid YAML/],
  ["a list of everything", "- exec", /must consist of lines/],
] as const;
for (const [what, text, message] of mistakes) {
  test(`rules with ${what} are not guessed at`, () => {
    assert.throws(() => policyFrom(text), { name: "ConfigError", message });
  });
}

async function aHost(policy: () => Promise<string | undefined>) {
  const clock = new ManualClock(START);
  const host = new BenchHost(clock);
  return { host, bench: await aBench({ disk: new SimulatedDisk(), clock, host, policy }) };
}

test("what the host forbids is refused with the rule, though the agent's settings allow it", async () => {
  const { host, bench } = await aHost(async () => "forbid: [exec]");
  await using _ = bench;

  await bench.deliver([aCommand(1, anExec("say", "x")), aCommand(2)]);

  assert.deepEqual(await bench.ends(), ["c1 REJECTED forbidden-here", "c2 SUCCEEDED"]);
  assert.match(
    (await bench.reports()).find(({ command }) => command === "c1")?.detail ?? "",
    /^forbid: exec never runs/,
  );
  assert.deepEqual(host.ran, []);
});

test("a change of the rules holds from the next command on", async () => {
  const rules: { text?: string } = {};
  const { bench } = await aHost(async () => rules.text);
  await using _ = bench;
  await bench.deliver([aCommand(1, anExec("say", "x"))]);

  rules.text = "programs: [/usr/bin/uptime]";
  await bench.deliver([aCommand(2, anExec("say", "x"))]);

  assert.deepEqual(await bench.ends(), ["c1 SUCCEEDED", "c2 REJECTED forbidden-here"]);
});

test("a command that waited for its lane is judged by the rules of the moment in which it would start", async () => {
  const rules: { text?: string } = {};
  const { host, bench } = await aHost(async () => rules.text);
  await using _ = bench;

  await bench.deliver([aCommand(1, anExec("wait", "10000")), aCommand(2, anExec("say", "x"))]);
  rules.text = "forbid: [exec]";
  await bench.deliver([], 30_000);

  assert.deepEqual(await bench.ends(), ["c1 SUCCEEDED", "c2 REJECTED forbidden-here"]);
  assert.deepEqual(host.ran, ["wait 10000"]);
});

const unusable = [
  [
    "cannot be read",
    async () => {
      throw new HostError("not-allowed", "others can write it");
    },
  ],
  ["make no sense", async () => "forbid: exec"],
] as const;
for (const [what, policy] of unusable) {
  test(`rules that ${what} forbid everything dangerous, and nothing else, and are a condition`, async () => {
    const { host, bench } = await aHost(policy);
    await using _ = bench;

    await bench.deliver([aCommand(1, anExec("say", "x")), aCommand(2), aCommand(3, { reboot: {} })]);

    assert.deepEqual(await bench.ends(), ["c1 REJECTED forbidden-here", "c2 SUCCEEDED", "c3 REJECTED forbidden-here"]);
    assert.deepEqual([host.ran, bench.commands.conditions()], [[], ["policy-unusable"]]);
  });
}

test("rules that are put right are no condition any more", async () => {
  let text = "nonsense: 1";
  const { bench } = await aHost(async () => text);
  await using _ = bench;
  assert.deepEqual(bench.commands.conditions(), ["policy-unusable"]);

  text = "forbid: []";
  await bench.deliver([aCommand(1, anExec("say", "x"))]);

  assert.deepEqual([await bench.ends(), bench.commands.conditions()], [["c1 SUCCEEDED"], []]);
});
