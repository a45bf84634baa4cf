import { SECOND, type Random } from "@edgemere/protocol/kit";

/** What becomes of packets between a device and the control plane, as shares of all. */
export interface Weather {
  /** A broker loses them, though it said that it had them. */
  readonly lost: number;
  /** Come twice; the second time late, after others that were sent later. */
  readonly repeated: number;
  /** Take their time, and others overtake them. */
  readonly overtaken: number;
  /** Take a second or many, and all that follow with them. */
  readonly late: number;
}

export const calm: Weather = { lost: 0, repeated: 0, overtaken: 0, late: 0.05 };

/** How one packet fares. */
export interface Fate {
  readonly delay: number;
  readonly isLost: boolean;
  readonly isOvertaken: boolean;
  /** When it comes for the second time, from now. */
  readonly again: number | undefined;
}

/** Draws the fate of a packet. */
export function fateOf({ lost, repeated, overtaken, late }: Weather, random: Random): Fate {
  const upTo = (ms: number) => Math.floor(random.next() * ms);
  const luck = random.next();
  const delay = upTo(luck < late / 5 ? 10 * SECOND : luck < late ? SECOND : 20);
  const trouble = random.next();
  const isLost = trouble < lost;
  const isRepeated = !isLost && trouble < lost + repeated;
  const isOvertaken = !isLost && !isRepeated && trouble < lost + repeated + overtaken;
  return {
    delay: isOvertaken ? delay + upTo(5 * SECOND) : delay,
    isLost,
    isOvertaken,
    again: isRepeated ? delay + upTo(20 * SECOND) : undefined,
  };
}
