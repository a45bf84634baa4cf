import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { messagesOf } from "./subscribers-telemetry.ts";

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
