import assert from "node:assert/strict";
import { test } from "node:test";
import { commandLife, isFinalPhase, phaseNames, type CommandSignal, type CommandState } from "./command-life.ts";
import { v1 } from "./messages.ts";

const states = commandLife.states;
const signals = [...new Set(states.flatMap((state) => commandLife.signals(state)))] as CommandSignal[];
const finalStates = states.filter((state) => commandLife.isFinal(state));
const phases = Object.values(v1.CommandPhase).filter((phase) => typeof phase === "number");

const reached = (from: CommandState): ReadonlySet<CommandState> => {
  const found = new Set<CommandState>([from]);
  for (const state of found)
    for (const signal of commandLife.signals(state)) found.add(commandLife.next(state, signal as CommandSignal));
  return found;
};

test("a command has four states on its way and eight ends", () => {
  assert.deepEqual(
    states.filter((state) => !commandLife.isFinal(state)),
    ["queued", "offered", "journaled", "running"],
  );
  assert.deepEqual(finalStates, [
    "succeeded",
    "failed",
    "rejected",
    "expired",
    "cancelled",
    "timedout",
    "interrupted",
    "lost",
  ]);
});

for (const state of finalStates) {
  test(`a command that is ${state} stays ${state}, whatever is heard of it`, () => {
    const taken = signals.filter((signal) => commandLife.can(state, signal));

    assert.deepEqual(taken, []);
    assert.throws(() => commandLife.next(state, "succeed"), { name: "IllegalTransition" });
  });
}

test("every state can be reached from the first", () => {
  assert.deepEqual(new Set(reached(commandLife.initial)), new Set(states));
});

for (const state of states.filter((each) => !commandLife.isFinal(each))) {
  test(`a command that is ${state} can still be lost, cancelled and, one day, ended`, () => {
    assert.ok(commandLife.can(state, "lose"));
    assert.ok(commandLife.can(state, "cancel"));
    assert.ok([...reached(state)].some((each) => commandLife.isFinal(each)));
  });
}

test("a command never goes back to a state it has left", () => {
  const backward = states.filter((state) =>
    commandLife.signals(state).some((signal) => reached(commandLife.next(state, signal as CommandSignal)).has(state)),
  );

  assert.deepEqual(backward, []);
});

test("a command that was never offered cannot have run", () => {
  assert.deepEqual(commandLife.signals("queued"), ["offer", "expire", "cancel", "lose"]);
});

test("a command that runs does not expire and is not rejected any more", () => {
  assert.equal(commandLife.can("running", "expire"), false);
  assert.equal(commandLife.can("running", "reject"), false);
});

test("every phase that a device can report but the unspecified one is a signal of the life", () => {
  const known = phases.filter((phase) => Object.hasOwn(phaseNames, phase));

  assert.deepEqual(
    known,
    phases.filter((phase) => phase !== v1.CommandPhase.COMMAND_PHASE_UNSPECIFIED),
  );
  assert.ok(Object.values(phaseNames).every((signal) => commandLife.can("offered", signal)));
});

test("a phase is final exactly when its signal ends the command", () => {
  const entries = Object.entries(phaseNames);

  assert.deepEqual(
    entries.filter(([phase]) => isFinalPhase(Number(phase))),
    entries.filter(([, signal]) => commandLife.isFinal(commandLife.next("offered", signal))),
  );
});

test("the diagram of the life shows its beginning, its ways and its ends", () => {
  const lines = commandLife.diagram().split("\n");

  assert.equal(lines[0], "stateDiagram-v2");
  assert.equal(lines[1], "  [*] --> queued");
  assert.ok(lines.includes("  queued --> offered: offer"));
  assert.ok(lines.includes("  running --> timedout: timeout"));
  assert.ok(lines.includes("  lost --> [*]"));
  assert.equal(lines.length, 2 + states.flatMap((state) => commandLife.signals(state)).length + finalStates.length);
});
