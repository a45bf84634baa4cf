import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { SECOND, silentLog } from "@edgemere/protocol/kit";
import { ManualClock } from "@edgemere/protocol/simulated";
import { messagesOf, tellTelemetry, type ArrivalsBelow } from "./subscribers-telemetry.ts";

test("what children tell is told on the address of their devices while somebody listens, and forgotten when nobody does", async () => {
  const clock = new ManualClock(7 * SECOND);
  const series = [{ metric: "load", instance: "", at: [1], value: [2] }];
  const theirs = { device: "edge.one/d1", child: "Region", resolution: "1m", arrivedAt: 7, series };
  const waiting: Parameters<typeof messagesOf>[0][] = [theirs];
  const published: unknown[] = [];
  let [isHeard, forgotten] = [true, 0];
  const below: ArrivalsBelow = { take: (limit) => waiting.splice(0, limit), forget: () => forgotten++ };
  await using _outlet = tellTelemetry({
    arrivals: async () => ({ arrivals: [] }),
    below,
    isHeard: () => isHeard,
    publish: async (topic, payload) => void published.push([topic, JSON.parse(payload.toString())]),
    clock,
    log: silentLog,
  });
  await clock.advance(2 * SECOND);
  assert.deepEqual([published, forgotten], [[["edgemere/v1/telemetry/edge.one/d1", theirs]], 0]);

  isHeard = false;
  waiting.push(theirs);
  await clock.advance(2 * SECOND);
  assert.deepEqual([published.length, waiting.length], [1, 1]);
  assert.ok(forgotten > 0);
});

test("what arrived is told in pieces, none of them large, and together they are the whole", () => {
  const lengths = fc.array(fc.integer({ min: 1, max: 9_000 }), { maxLength: 8 });
  fc.assert(
    fc.property(lengths, (rows) => {
      const series = rows.map((count, i) => ({
        metric: `m${i}`,
        instance: "",
        at: Array.from({ length: count }, (_, row) => row),
        value: Array.from({ length: count }, (_, row) => row / 2),
      }));
      const messages = messagesOf({ device: "d1", arrivedAt: 7, isEstimated: false, series });

      for (const { series: told, ...head } of messages) {
        assert.deepEqual(head, { device: "d1", arrivedAt: 7, isEstimated: false });
        assert.ok(told.reduce((sum, { at }) => sum + at.length, 0) <= 2_000);
      }
      const whole = series.map(({ metric }) => {
        const pieces = messages.flatMap((each) => each.series.filter((one) => one.metric === metric));
        return {
          metric,
          instance: "",
          at: pieces.flatMap(({ at }) => at),
          value: pieces.flatMap(({ value }) => value),
        };
      });
      assert.deepEqual(whole, series);
    }),
    { numRuns: 50 },
  );
});
