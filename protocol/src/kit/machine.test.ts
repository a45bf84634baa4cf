import assert from "node:assert/strict";
import { test } from "node:test";
import { machine } from "./machine.ts";

const door = machine("door", "closed", {
  closed: { open: "open", lock: "locked" },
  open: { close: "closed" },
  locked: { unlock: "closed", weld: "welded" },
  welded: {},
});

test("a signal leads to the state of the table", () => {
  assert.equal(door.next("closed", "lock"), "locked");
  assert.equal(door.next("locked", "unlock"), "closed");
});

test("a signal that a state does not take is refused in words", () => {
  assert.throws(() => door.next("open", "lock"), {
    name: "IllegalTransition",
    message: "a door that is open cannot lock: only one that is closed can",
  });
});

test("whether a signal is taken can be asked of any word", () => {
  assert.equal(door.can("closed", "open"), true);
  assert.equal(door.can("open", "open"), false);
  assert.equal(door.can("toString", "open"), false);
  assert.equal(door.can("closed", "toString"), false);
});

test("a final state takes no signal; a word that is no state is not final", () => {
  assert.deepEqual(
    door.states.map((state) => door.isFinal(state)),
    [false, false, false, true],
  );
  assert.deepEqual(door.signals("welded"), []);
  assert.equal(door.isFinal("nowhere"), false);
  assert.deepEqual(door.signals("nowhere"), []);
});

test("the diagram is the table, as Mermaid draws it", () => {
  assert.equal(
    door.diagram(),
    [
      "stateDiagram-v2",
      "  [*] --> closed",
      "  closed --> open: open",
      "  closed --> locked: lock",
      "  open --> closed: close",
      "  locked --> closed: unlock",
      "  locked --> welded: weld",
      "  welded --> [*]",
    ].join("\n"),
  );
});

test("a misspelt target, state or signal does not compile", () => {
  // @ts-expect-error: there is no state "opne"
  machine("door", "closed", { closed: { open: "opne" }, open: {} });
  // @ts-expect-error: there is no state "shut"
  machine("door", "shut", { closed: {} });
  // @ts-expect-error: there is no signal "oepn"
  assert.throws(() => door.next("closed", "oepn"), { name: "IllegalTransition" });
});
