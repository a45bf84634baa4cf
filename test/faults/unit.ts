import { readFile } from "node:fs/promises";
import { join } from "node:path";

const shipped = join(import.meta.dirname, "../../../deploy/systemd");

/** What a unit that we ship tells systemd of starting a program again (systemd.service(5), systemd.unit(5)). */
export interface Supervision {
  readonly restart: string | undefined;
  /** Seconds. */
  readonly firstPause: number;
  /** Seconds. */
  readonly longestPause: number;
  /** From the first pause to the longest. */
  readonly steps: number;
  /** 0: it is never given up. */
  readonly givenUpWithin: string | undefined;
  /** Exit codes after which it is left alone. */
  readonly leftAloneAfter: readonly number[];
}

export async function supervisionOf(unit: string): Promise<Supervision> {
  const settings = new Map<string, string>();
  for (const line of (await readFile(join(shipped, unit), "utf8")).split("\n")) {
    const [, name, value] = /^([A-Za-z]+)=(.*)$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) settings.set(name, value.trim());
  }
  const numberOf = (name: string) => Number(settings.get(name) ?? NaN);
  return {
    restart: settings.get("Restart"),
    firstPause: numberOf("RestartSec"),
    longestPause: numberOf("RestartMaxDelaySec"),
    steps: numberOf("RestartSteps"),
    givenUpWithin: settings.get("StartLimitIntervalSec"),
    leftAloneAfter: (settings.get("RestartPreventExitStatus") ?? "").split(" ").filter(Boolean).map(Number),
  };
}
