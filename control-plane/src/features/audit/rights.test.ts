import assert from "node:assert/strict";
import { test } from "node:test";
import type { DomainEvent } from "../../platform/domain-event.ts";
import { rightIn } from "./rights.ts";

const revoking = new Map<string, readonly string[]>([
  ["device", ["quarantined", "retired"]],
  ["command", []],
]);
const anEvent = (type: string, version: number): DomainEvent => ({
  number: 7,
  type,
  subject: "d1",
  at: 1,
  data: { id: "d1", version, state: type.split(".")[1] },
});

for (const [what, type, version, isEntry] of [
  ["that a right was taken away", "device.retired", 2, true],
  ["that it was given back", "device.active", 3, true],
  ["that something began without it", "device.retired", 1, true],
  ["how something began that has it", "device.active", 1, false],
  ["what a thing does that takes no right away", "command.running", 2, false],
  ["of a class that is not known", "parcel.lost", 2, false],
  ["no state", "device", 2, false],
] as const)
  test(`an event that tells ${what} is ${isEntry ? "an" : "no"} entry of the audit log`, () => {
    assert.equal(rightIn(anEvent(type, version), revoking) !== undefined, isEntry);
  });
