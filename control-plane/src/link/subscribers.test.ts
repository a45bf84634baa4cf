import assert from "node:assert/strict";
import { test } from "node:test";
import { cloudEvent } from "./subscribers.ts";

test("a domain event travels as a CloudEvent whose sequence sorts as text", () => {
  const data = { id: "d1", name: "gw-1", state: "active" };
  const event = { number: 42, type: "device.online", subject: "d1", at: 1_767_225_600_007, data };

  assert.deepEqual(cloudEvent(event, "fleet.test"), {
    specversion: "1.0",
    id: "42",
    source: "edgemere://fleet.test",
    type: "edgemere.device.online",
    subject: "d1",
    time: "2026-01-01T00:00:00.007Z",
    datacontenttype: "application/json",
    sequence: "0000000000000042",
    data,
  });
});
