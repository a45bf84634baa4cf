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
  const settings = await settingsOf(unit);
  const last = (name: string) => settings.get(name)?.at(-1);
  const numberOf = (name: string) => Number(last(name) ?? NaN);
  return {
    restart: last("Restart"),
    firstPause: numberOf("RestartSec"),
    longestPause: numberOf("RestartMaxDelaySec"),
    steps: numberOf("RestartSteps"),
    givenUpWithin: last("StartLimitIntervalSec"),
    leftAloneAfter: (last("RestartPreventExitStatus") ?? "").split(" ").filter(Boolean).map(Number),
  };
}

/** What a unit that we ship says, by name; a name may stand more than once. */
export async function settingsOf(unit: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const settings = new Map<string, readonly string[]>();
  for (const line of (await readFile(join(shipped, unit), "utf8")).split("\n")) {
    const [, name, value] = /^([A-Za-z]+)=(.*)$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) settings.set(name, [...(settings.get(name) ?? []), value.trim()]);
  }
  return settings;
}
