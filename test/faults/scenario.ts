import type { Random } from "@edgemere/protocol/kit";
import type { Need } from "./needs.ts";
import type { Recorder } from "./recorder.ts";

/** What a scenario is given to work with. */
export interface Context {
  /** How often the fault is inflicted. */
  readonly rounds: number;
  /** All rounds, as `npm run faults` asks: only then a bar of time decides, because only then nothing else runs beside it. */
  readonly isFull: boolean;
  /** Same scenario, same numbers. */
  readonly random: Random;
  readonly recorder: Recorder;
  /** A folder of its own, gone afterwards. */
  readonly folder: string;
  /** Gives it back, and ends it after the scenario, however that ends: the last one first. */
  own<T extends AsyncDisposable>(thing: T): T;
}

/** One fault and what must hold while it lasts and after it. */
export interface Scenario {
  readonly id: string;
  /** What is inflicted, as the table tells it. */
  readonly title: string;
  /** 3: processes on loopback; 4: hosts in namespaces, file systems of its own. */
  readonly layer: 3 | 4;
  readonly needs?: readonly Need[];
  /** A feature that is not there yet, in words: until then it is skipped. */
  readonly awaits?: string;
  readonly rounds: { readonly short: number; readonly full: number };
  /** After so long a full run is given up, milliseconds; three hours unless told otherwise. */
  readonly longest?: (how: Pick<Context, "rounds">) => number;
  /** Throws when something does not hold that the figures do not show. */
  run(context: Context): Promise<void>;
}
