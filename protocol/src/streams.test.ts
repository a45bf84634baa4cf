import assert from "node:assert/strict";
import { test } from "node:test";
import { commandKinds, isCommandKind, kindOfTask, type CommandKind } from "./command-kinds.ts";
import { v1 } from "./messages.ts";
import { reasons } from "./reasons.ts";
import { isStreamName, streamNames, streams, type RecordBodyName } from "./streams.ts";
import { topics } from "./topics.ts";

test("the streams are result, event, telemetry and log, most important first", () => {
  assert.deepEqual(streamNames, ["result", "event", "telemetry", "log"]);
});

for (const stream of streamNames) {
  test(`the ${stream} stream has a topic of its name and carries the gaps of its own numbers`, () => {
    assert.equal(topics[stream].way, "up");
    assert.ok((streams[stream].bodies as readonly string[]).includes("gap"));
  });
}

// Every name has to stand here, and no other, or this does not compile.
const everyBody: Readonly<Record<RecordBodyName, true>> = {
  gap: true,
  telemetry: true,
  commandReport: true,
  signedReport: true,
  commandOutput: true,
  inventory: true,
  dataSource: true,
  agentEvent: true,
  policyReport: true,
};

test("every body of a record but the gap travels in exactly one stream", () => {
  const carried = streamNames.flatMap((stream) => [...streams[stream].bodies]).filter((body) => body !== "gap");

  assert.deepEqual([...carried, "gap"].toSorted(), Object.keys(everyBody).toSorted());
});

for (const word of ["toString", "constructor", "__proto__", "", "Result", "results"]) {
  test(`"${word}" is the name of no stream and of no command kind`, () => {
    assert.equal(isStreamName(word), false);
    assert.equal(isCommandKind(word), false);
  });
}

const kinds = Object.keys(commandKinds) as CommandKind[];

for (const kind of kinds) {
  test(`${kind} is found by the field of a command that carries its arguments`, () => {
    assert.equal(kindOfTask(commandKinds[kind].task), kind);
    assert.equal(v1.Command.create({ [commandKinds[kind].task]: {} }).task, commandKinds[kind].task);
    assert.ok(commandKinds[kind].task in v1.CommandReport.create());
  });
}

test("a command without a task, or with one of the future, is of no kind", () => {
  assert.equal(kindOfTask(undefined), undefined);
  assert.equal(kindOfTask("selfDestruct"), undefined);
});

test("what changes a device is dangerous, and what may not be done twice never runs again unseen", () => {
  const dangerous = kinds.filter((kind) => commandKinds[kind].dangerous);

  assert.deepEqual(
    dangerous.map((kind) => [kind, commandKinds[kind].onInterrupt]),
    [
      ["exec", "once"],
      ["script", "once"],
      ["file.put", "converge"],
      ["file.get", "converge"],
      ["configure", "converge"],
      ["service.start", "converge"],
      ["service.stop", "converge"],
      ["service.reload", "converge"],
      ["service.restart", "probe"],
      ["package.install", "converge"],
      ["package.remove", "converge"],
      ["package.upgrade", "converge"],
      ["reboot", "boundary"],
      ["network.change", "probe"],
      ["agent.upgrade", "probe"],
      ["terminal.open", "once"],
    ],
  );
});

for (const [reason, meaning] of Object.entries(reasons)) {
  test(`the reason ${reason} fits its field and is told in words`, () => {
    assert.match(reason, /^[a-z][a-z-]{0,63}$/);
    assert.match(meaning, /^[a-z].*[^.]$/);
  });
}
