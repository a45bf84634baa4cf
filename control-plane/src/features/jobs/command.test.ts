import assert from "node:assert/strict";
import { test } from "node:test";
import { open, v1, type CommandState } from "@edgemere/protocol";
import type { Command } from "./contract.ts";
import { judge, outcomeOf, outputBytesSent, sealed, told } from "./command.ts";
import { signer, trustInSigner } from "../../platform/core.test-support.ts";
import { ask, decodedReport, look, startJobs } from "./jobs.test-support.ts";

const Phase = v1.CommandPhase;
type PhaseNumber = (typeof Phase)[keyof typeof Phase];

for (const [state, phase, signal] of [
  ["offered", Phase.COMMAND_PHASE_JOURNALED, "journal"],
  ["offered", Phase.COMMAND_PHASE_RUNNING, "run"],
  ["offered", Phase.COMMAND_PHASE_SUCCEEDED, "succeed"],
  ["offered", Phase.COMMAND_PHASE_REJECTED, "reject"],
  ["journaled", Phase.COMMAND_PHASE_RUNNING, "run"],
  ["journaled", Phase.COMMAND_PHASE_JOURNALED, undefined],
  ["running", Phase.COMMAND_PHASE_JOURNALED, undefined],
  ["running", Phase.COMMAND_PHASE_TIMED_OUT, "timeout"],
  ["running", Phase.COMMAND_PHASE_INTERRUPTED, "interrupt"],
  ["running", Phase.COMMAND_PHASE_REJECTED, "lose"],
  ["running", Phase.COMMAND_PHASE_EXPIRED, "lose"],
  ["queued", Phase.COMMAND_PHASE_SUCCEEDED, undefined],
  ["succeeded", Phase.COMMAND_PHASE_FAILED, undefined],
  ["cancelled", Phase.COMMAND_PHASE_SUCCEEDED, undefined],
  ["lost", Phase.COMMAND_PHASE_SUCCEEDED, undefined],
  ["offered", Phase.COMMAND_PHASE_UNSPECIFIED, undefined],
] as const satisfies readonly (readonly [CommandState, PhaseNumber, string | undefined])[]) {
  test(`the report of phase ${phase} means ${signal ?? "nothing"} to a command that is ${state}`, () => {
    assert.equal(judge(state, decodedReport({ command: "c1", phase })), signal);
  });
}

test("a phase that nobody knows yet means nothing", () => {
  assert.equal(judge("offered", decodedReport({ command: "c1", phase: 99 as PhaseNumber })), undefined);
});

for (const [title, report, fields] of [
  ["a receipt tells nothing but the phase", {}, {}],
  ["a start tells when", { startedAtMs: 5 }, { startedAt: 5 }],
  [
    "a failure tells why",
    { reason: "exit-code", detail: "exit code 3", startedAtMs: 5, finishedAtMs: 6 },
    { reason: "exit-code", detail: "exit code 3", startedAt: 5, finishedAt: 6 },
  ],
  [
    "a reason that is none of ours is a detail of a failure",
    { reason: "because", detail: "I say so", finishedAtMs: 6 },
    { reason: "failed", detail: "because: I say so", finishedAt: 6 },
  ],
  [
    "a result has every field of its kind, also those that are zero",
    { finishedAtMs: 6, exec: { outputBytes: 7 } },
    { finishedAt: 6, result: { exitCode: 0, signal: "", outputBytes: 7, droppedBytes: 0 } },
  ],
  [
    "a program that a signal ended has no exit code, and least of all that of success",
    { finishedAtMs: 6, exec: { exitCode: 0, signal: "SIGTERM" } },
    { finishedAt: 6, result: { signal: "SIGTERM", outputBytes: 0, droppedBytes: 0 } },
  ],
  [
    "a result of zeros only is a result",
    { finishedAtMs: 6, inventoryRefresh: {} },
    { finishedAt: 6, result: { facts: 0 } },
  ],
] as const) {
  test(`of a report: ${title}`, () => {
    assert.deepEqual(told(decodedReport({ command: "c1", ...report })), fields);
  });
}

for (const [states, outcome] of [
  [["succeeded"], "succeed"],
  [["succeeded", "succeeded"], "succeed"],
  [["cancelled", "cancelled"], "cancel"],
  [["succeeded", "failed"], "partly"],
  [["succeeded", "cancelled"], "partly"],
  [["failed"], "fail"],
  [["lost", "expired"], "fail"],
  [["cancelled", "failed"], "fail"],
  [["succeeded", "running"], undefined],
  [["queued"], undefined],
] as const satisfies readonly (readonly [readonly CommandState[], string | undefined])[]) {
  test(`a job of ${states.join(" and ")} commands will ${outcome ?? "go on"}`, () => {
    assert.equal(outcomeOf(states), outcome);
  });
}

test("how much output was sent is known from the result, where its kind has any", () => {
  const sent = (result: Command["result"]) => outputBytesSent({ ...(result && { result }) } as Command);

  assert.deepEqual(
    [sent({ outputBytes: 7 }), sent({ outputBytes: 0 }), sent({ facts: 1 }), sent(undefined)],
    [7, 0, undefined, undefined],
  );
});

test("a command travels signed, and its repeat is the same to the byte", async () => {
  await using world = await startJobs();
  const row = await ask(world, { kind: "exec", arguments: { argv: ["cat"], stdin: "grüße" }, runTimeout: 9 });
  const first = sealed(row, signer, "fleet.test");
  await world.hello("d1");

  const again = sealed(await look(world, row), signer, "fleet.test");

  const message = open("command", again, trustInSigner);
  assert.deepEqual(again, first);
  assert.deepEqual(
    [message.trustDomain, message.device, message.command, message.sequence, message.actor, message.task],
    ["fleet.test", "d1", row.id, 1, "user:alice", "exec"],
  );
  assert.deepEqual(
    [message.issuedAtMs, message.expiresAtMs, message.runTimeoutMs],
    [row.createdAt, row.expiresAt, 9_000],
  );
  assert.deepEqual(message.exec?.argv, ["cat"]);
  assert.equal(Buffer.from(message.exec?.stdin ?? []).toString(), "grüße");
});
