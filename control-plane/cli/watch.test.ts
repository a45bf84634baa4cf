import assert from "node:assert/strict";
import test from "node:test";
import { localTime } from "./cells.ts";
import { lineOf } from "./watch.ts";

test("an event is one line: number, time, type, subject and what tells most, harmless in a terminal", () => {
  const data = { name: "gw\n1", presence: "online", machineId: "m", reason: "" };

  const line = lineOf({ number: 12, at: 1_767_225_600_000, type: "device.online", subject: "d1", data });

  assert.equal(
    line,
    `     12  ${localTime(1_767_225_600_000)}  device.online             d1  name=gw\u240a1  presence=online`,
  );
});
