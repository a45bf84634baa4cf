// The checks and then the slow rings, with the sum of all tests at the end. `npm test`
import { check } from "./check.mjs";
import { count, runTests, skippedLines, testsBelow } from "./node-tests.mjs";
import { main, StepFailed } from "./steps.mjs";

const SLOW_TIMEOUT_MS = 300_000;
/** Files at a time: those that cut connections, count seconds or drive a browser want the machine for themselves. */
const rings = { journeys: 2, faults: 1, simulation: 2, browser: 1 };

await main(async () => {
  const { entries, failed } = await check();
  for (const [ring, concurrency] of Object.entries(rings)) {
    try {
      entries.push(
        ...(await runTests(ring, testsBelow(`test/dist/${ring}`), {
          concurrency,
          show: true,
          timeout: SLOW_TIMEOUT_MS,
        })),
      );
    } catch (error) {
      if (!(error instanceof StepFailed)) throw error;
      failed.push(ring);
      entries.push(...error.entries);
    }
  }

  const totals = count(entries);
  if (totals.skipped > 0) console.log(["", "skipped:", ...skippedLines(entries)].join("\n"));
  console.log(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
  if (failed.length > 0) throw new StepFailed(`failed: ${failed.join(", ")}`);
});
