import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { economies, economySteps, savedRow, stepAfter, type EconomyStep } from "./economy.ts";

const share = fc.double({ min: 0, max: 1.5, noNaN: true });
const anyStep = fc.constantFrom<EconomyStep>(...economySteps);

test("data is saved as soon as use runs ahead of the month, the more the further it is", () => {
  const table = [
    [{ used: 0, elapsed: 0 }, "full"],
    [{ used: 0.04, elapsed: 0 }, "full"],
    [{ used: 0.06, elapsed: 0 }, "slower"],
    [{ used: 0.12, elapsed: 0 }, "coarser"],
    [{ used: 0.16, elapsed: 0 }, "essential"],
    [{ used: 0.5, elapsed: 0.5 }, "full"],
    [{ used: 0.6, elapsed: 0.5 }, "coarser"],
    [{ used: 0.96, elapsed: 0.99 }, "full"],
    [{ used: 0.97, elapsed: 0.99 }, "essential"],
    [{ used: 7, elapsed: 1 }, "essential"],
  ] as const;

  for (const [spending, step] of table) assert.equal(stepAfter("full", spending), step, JSON.stringify(spending));
});

test("a step is left only when use is well below what it was taken at", () => {
  assert.equal(stepAfter("slower", { used: 0.04, elapsed: 0 }), "slower");
  assert.equal(stepAfter("slower", { used: 0.01, elapsed: 0 }), "full");
  assert.equal(stepAfter("essential", { used: 0.13, elapsed: 0 }), "essential");
  assert.equal(stepAfter("essential", { used: 0.1, elapsed: 0 }), "coarser");
});

test("a use that stands settles on one step at once, more use never saves less, and time never saves more", () => {
  fc.assert(
    fc.property(anyStep, share, share, share, (step, used, elapsed, more) => {
      const after = stepAfter(step, { used, elapsed });
      const order = (each: EconomyStep) => economySteps.indexOf(each);
      assert.equal(stepAfter(after, { used, elapsed }), after);
      assert.ok(order(stepAfter(step, { used: used + more, elapsed })) >= order(after));
      assert.ok(order(stepAfter(step, { used, elapsed: elapsed + more })) <= order(after));
    }),
  );
});

test("each step saves at least what the one before it saves", () => {
  for (const [i, step] of economySteps.slice(1).entries()) {
    const [before, now] = [economies[economySteps[i] ?? "full"], economies[step]];
    assert.ok(now.report >= before.report && (now.resolution ?? 0) >= (before.resolution ?? 0));
    assert.ok(now.only !== undefined || before.only === undefined);
  }
});

test("only the last step leaves metrics out, and it keeps those by which one sees that a device is well", () => {
  const readings = ["cpu.busy_percent", "cpu.user_percent", "agent.data_used_bytes", "memory.used_percent"].map(
    (metric) => ({
      metric,
      instance: "",
      value: 1,
    }),
  );
  const kept = (step: EconomyStep) => savedRow({ at: 0, readings }, step).readings.map(({ metric }) => metric);

  for (const step of economySteps.slice(0, -1)) assert.equal(kept(step).length, 4);
  assert.deepEqual(kept("essential"), ["cpu.busy_percent", "agent.data_used_bytes", "memory.used_percent"]);
});
