import assert from "node:assert/strict";
import { test } from "node:test";
import { HOUR } from "@edgemere/protocol/kit";
import { connectionText } from "./status-connection.ts";

const running = { isRunning: true, timestamp: (at: number) => `<${at}>` };

test("a connection that stands is told with what is wrong beside it", () => {
  const text = connectionText(
    {
      sessionEpoch: 3,
      address: "mqtts://one:8883",
      connectedAt: 7,
      clockOffset: -2 * HOUR,
      conditions: ["disk-low", "clock-disagrees"],
    },
    running,
  );

  assert.deepEqual(text.split("\n"), [
    "Connection      since <7> at mqtts://one:8883",
    "Clock           7200 s ahead of the control plane's",
    "Conditions      disk-low, clock-disagrees",
  ]);
});

test("a connection that does not stand says why and when the next try is", () => {
  const status = {
    sessionEpoch: 3,
    address: "mqtts://one:8883",
    lastFailure: { at: 5, reason: "no answer" },
    nextTryAt: 9,
    conditions: [],
  };

  assert.deepEqual(connectionText(status, running).split("\n"), [
    "Connection      none",
    "Last failure    <5>: no answer",
    "Next try        <9> at mqtts://one:8883",
    "Conditions      none",
  ]);
});

test("an agent that does not run has no connection, whatever it wrote last", () => {
  const status = { sessionEpoch: 3, address: "mqtts://one:8883", connectedAt: 7, nextTryAt: 9, conditions: [] };

  const text = connectionText(status, { ...running, isRunning: false });

  assert.match(text, /Connection +none/);
  assert.doesNotMatch(text, /Next try/);
});
