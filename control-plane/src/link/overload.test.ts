import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { streamNames, type StreamName } from "@edgemere/protocol";
import { IngestQueue, isShed } from "./overload.ts";

for (const [fill, share, shed] of [
  [0.1, 50, []],
  [0.6, 1, []],
  [0.6, 3, ["telemetry", "log"]],
  [0.8, 1, ["log"]],
  [0.95, 1, ["telemetry", "log"]],
  [1.6, 1, ["event", "telemetry", "log"]],
  [2, 1, ["result", "event", "telemetry", "log"]],
] as const)
  test(`with ${fill} of the room taken a device with ${share} of its fair share is put off with ${shed.join(", ") || "nothing"}`, () => {
    assert.deepEqual(
      streamNames.filter((stream) => isShed(stream, { fill, share })),
      shed,
    );
  });

test("the noisiest device is put off before the others are", () => {
  const queue = new IngestQueue({ bytes: 1_000, messages: 1_000 });
  for (let i = 0; i < 45; i++) queue.enter("noisy", "telemetry", 10);
  for (const quiet of ["a", "b", "c", "d"]) queue.enter(quiet, "telemetry", 15);

  assert.equal(queue.enter("noisy", "telemetry", 10), false);
  assert.equal(queue.enter("a", "telemetry", 10), true);
  assert.equal(queue.enter("noisy", "result", 10), true);
});

test("what waits never takes more than twice its room, and nothing is left of what has gone", () => {
  const step = fc.record({
    device: fc.constantFrom("a", "b", "c"),
    stream: fc.constantFrom<StreamName>(...streamNames),
    bytes: fc.integer({ min: 0, max: 400 }),
    leaves: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const queue = new IngestQueue({ bytes: 1_000, messages: 20 });
      const inside: { device: string; bytes: number }[] = [];
      for (const { device, stream, bytes, leaves } of steps) {
        const first = leaves ? inside.shift() : undefined;
        if (first) queue.leave(first.device, first.bytes);
        else if (queue.enter(device, stream, bytes)) inside.push({ device, bytes });
        assert.ok(inside.length <= 40 && inside.reduce((sum, each) => sum + each.bytes, 0) <= 2_000);
      }
      for (const { device, bytes } of inside) queue.leave(device, bytes);
      for (let i = 0; i < 10; i++) assert.equal(queue.enter("d", "log", 10), true);
    }),
  );
});
