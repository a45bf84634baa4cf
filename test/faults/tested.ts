import { test } from "node:test";
import { told } from "./results.ts";
import { reasonToSkip, runScenario } from "./runner.ts";
import type { Scenario } from "./scenario.ts";

/** Most of a scenario is waiting. */
const AT_ONCE = 2;

/** Makes a test of each scenario, with its short rounds; what cannot run here is skipped, with the reason. */
export function testScenarios(title: string, scenarios: readonly Scenario[]): void {
  test(title, { concurrency: AT_ONCE }, (t) =>
    Promise.all(
      scenarios.map((scenario) => {
        const { id, title, rounds } = scenario;
        return t.test(`${id}: ${title}`, { skip: reasonToSkip(scenario) ?? false }, async (inner) => {
          const result = await runScenario(scenario, { rounds: rounds.short, isFull: false });
          inner.diagnostic(`${id}: ${told(result)}`);
          if (result.outcome === "failed") throw new Error(result.why);
        });
      }),
    ).then(() => undefined),
  );
}
