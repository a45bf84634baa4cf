// The checks and then the slow rings, with the sum of all tests at the end. `npm test`
import { check } from "./check.mjs";
import { count, linesOf, runTests, SECURITY_TIMEOUT_MS, testsBelow } from "./node-tests.mjs";
import { main, StepFailed } from "./steps.mjs";

const SLOW_TIMEOUT_MS = 300_000;
/** One after another, each two files at a time. A file of faults holds many, and most of each is waiting. */
const rings = {
  journeys: SLOW_TIMEOUT_MS,
  security: SECURITY_TIMEOUT_MS,
  faults: 3 * SLOW_TIMEOUT_MS,
  browser: SLOW_TIMEOUT_MS,
  simulation: 6 * SLOW_TIMEOUT_MS,
};

await main(async () => {
  const { entries, failed } = await check();
  for (const [ring, timeout] of Object.entries(rings)) {
    const files = testsBelow(`test/dist/${ring}`);
    try {
      entries.push(...(await runTests(ring, files, { concurrency: 2, show: true, timeout })));
    } catch (error) {
      if (!(error instanceof StepFailed)) throw error;
      failed.push(ring);
      entries.push(...error.entries);
    }
  }

  const totals = count(entries);
  for (const outcome of ["skipped", "failed"])
    if (totals[outcome] > 0) console.log(["", `${outcome}:`, ...linesOf(entries, outcome)].join("\n"));
  console.log(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
  if (failed.length > 0) throw new StepFailed(`failed: ${failed.join(", ")}`);
});
