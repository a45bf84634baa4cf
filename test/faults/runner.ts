import { setTimeout as sleep } from "node:timers/promises";
import { seededRandom } from "@edgemere/protocol/simulated";
import { temporaryFolder } from "../world/temporary-folder.ts";
import { missing } from "./needs.ts";
import { Recorder, type Figures } from "./recorder.ts";
import type { Scenario } from "./scenario.ts";

export type Outcome =
  | { readonly outcome: "passed"; readonly seconds: number; readonly figures: Figures }
  | { readonly outcome: "failed"; readonly seconds: number; readonly figures: Figures; readonly why: string }
  | { readonly outcome: "skipped"; readonly why: string };

/** Milliseconds. */
const LONGEST = { short: 400_000, full: 3 * 3_600_000 };

interface How {
  readonly rounds: number;
  readonly isFull: boolean;
  /** What chance draws follows from it; the scenario's own number when absent. */
  readonly seed?: number | undefined;
}

/** Why a scenario is not to be run here and now; undefined when it is. */
export const reasonToSkip = ({ awaits, needs = [] }: Scenario): string | undefined =>
  awaits === undefined ? missing(needs) : `waits for ${awaits}`;

/** Runs a scenario and ends what it began. Whatever goes wrong is its outcome. */
export async function runScenario(scenario: Scenario, { rounds, isFull, seed }: How): Promise<Outcome> {
  const why = reasonToSkip(scenario);
  if (why !== undefined) return { outcome: "skipped", why };
  const recorder = new Recorder();
  const startedAt = performance.now();
  const seconds = () => Math.round((performance.now() - startedAt) / 100) / 10;
  const failed = (why: string) => ({
    outcome: "failed" as const,
    seconds: seconds(),
    figures: recorder.figures(),
    why,
  });
  try {
    await inOrder(scenario, {
      rounds,
      isFull,
      recorder,
      random: seededRandom(seed ?? Number.parseInt(scenario.id.slice(1), 10)),
    });
  } catch (error) {
    return failed(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  const breaches = recorder.breaches(isFull);
  if (breaches.length > 0) return failed(breaches.join("; "));
  return { outcome: "passed", seconds: seconds(), figures: recorder.figures() };
}

async function inOrder(scenario: Scenario, parts: Omit<Parameters<Scenario["run"]>[0], "own" | "folder">) {
  const folder = await temporaryFolder(`fault-${scenario.id}`);
  const owned: AsyncDisposable[] = [folder];
  const failures: unknown[] = [];
  const own = <T extends AsyncDisposable>(thing: T): T => {
    owned.push(thing);
    return thing;
  };
  const timer = new AbortController();
  try {
    const patience = parts.isFull ? (scenario.longest?.(parts) ?? LONGEST.full) : LONGEST.short;
    await Promise.race([scenario.run({ ...parts, own, folder: folder.path }), givenUpAfter(patience, timer.signal)]);
  } catch (error) {
    failures.push(error);
  }
  timer.abort();
  // A thing that cannot be ended must not keep the others from it.
  for (const thing of owned.toReversed()) {
    try {
      await thing[Symbol.asyncDispose]();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}

/** Whatever hangs, ends. */
async function givenUpAfter(milliseconds: number, signal: AbortSignal): Promise<never> {
  await sleep(milliseconds, undefined, { signal });
  throw new Error(`not over after ${milliseconds / 1_000} s`);
}
