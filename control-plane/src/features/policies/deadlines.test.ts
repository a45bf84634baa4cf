import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Deadlines } from "./deadlines.ts";

test("each is taken once when it is due, by its newest deadline, and not before", () => {
  const steps = fc.array(
    fc.record({
      pause: fc.integer({ min: 0, max: 20_000 }),
      id: fc.constantFrom("a", "b", "c"),
      ahead: fc.option(fc.integer({ min: 0, max: 60_000 })),
    }),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(steps, (all) => {
      const deadlines = new Deadlines();
      const model = new Map<string, number>();
      let now = 0;
      for (const { pause, id, ahead } of all) {
        now += pause;
        const taken = deadlines.take(now);
        for (const each of taken) {
          assert.ok((model.get(each) ?? Infinity) <= now, `${each} is taken too early`);
          model.delete(each);
        }
        // Found at the latest one step after it was due.
        for (const at of model.values()) assert.ok(at > now - 5_000);
        if (ahead === null) {
          deadlines.remove(id);
          model.delete(id);
          continue;
        }
        deadlines.set(id, now + ahead);
        model.set(id, now + ahead);
      }
    }),
  );
});
