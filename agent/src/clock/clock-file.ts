import { limits } from "@edgemere/protocol";
import type { Disk, Random } from "@edgemere/protocol/kit";

/** What an agent leaves for the next one about its clock. */
export interface ClockMemory {
  /** Numbers of periods up to this one may have been used. */
  readonly usedUpTo: number;
  /** The latest time that is known to be past. */
  readonly floorMs: number;
  /** Control plane minus device wall, as last believed. */
  readonly offsetMs?: number;
  readonly periods: readonly { readonly number: number; readonly offset: number; readonly uncertainty: number }[];
}

const FILE = "clock";
// Far below the largest number a period can have, and far above what a lifetime uses up.
const ANYWHERE = 2 ** 31;

/** What is there, or a beginning where nothing is or nothing can be read. */
export async function readClockMemory(disk: Disk, random: Random): Promise<ClockMemory> {
  const bytes = await disk.read(FILE).catch(() => undefined);
  const found = bytes && parsed(new TextDecoder().decode(bytes));
  // Numbers that were used must not be used again, and which those were is not known any more.
  return found ?? { usedUpTo: Math.floor(random.next() * ANYWHERE), floorMs: 0, periods: [] };
}

export const writeClockMemory = (disk: Disk, memory: ClockMemory): Promise<void> =>
  disk.write(FILE, Buffer.from(`${JSON.stringify(memory)}\n`));

function parsed(text: string): ClockMemory | undefined {
  try {
    const { usedUpTo, floorMs, offsetMs, periods } = JSON.parse(text) as ClockMemory;
    if (!Number.isSafeInteger(usedUpTo) || usedUpTo < 0 || !Number.isSafeInteger(floorMs)) return undefined;
    const whole = periods.filter((each) => [each.number, each.offset, each.uncertainty].every(Number.isSafeInteger));
    return {
      usedUpTo,
      floorMs,
      ...(Number.isSafeInteger(offsetMs) && { offsetMs }),
      periods: whole.slice(-limits.clocks),
    };
  } catch {
    return undefined;
  }
}
