import { DAY, HOUR, MINUTE } from "@edgemere/protocol/kit";
import type { Random } from "@edgemere/protocol/kit";

/** A value that depends on the moment alone: whoever asks, however often, gets the same answer. */
export type Wave = (at: number) => number;

const FULL_TURN = 2 * Math.PI;

/** Wanders between -1 and 1 without ever repeating soon: swings of minutes, of an hour and of half a day. */
export function wandering(random: Random): Wave {
  const swings = [
    { share: 0.35, period: between(random, 1 * MINUTE, 3 * MINUTE) },
    { share: 0.4, period: between(random, 20 * MINUTE, 90 * MINUTE) },
    { share: 0.25, period: between(random, 5 * HOUR, 16 * HOUR) },
  ].map((swing) => ({ ...swing, phase: random.next() }));
  return (at) =>
    swings.reduce((sum, { share, period, phase }) => sum + share * Math.sin(FULL_TURN * (at / period + phase)), 0);
}

/** Between 0 at night and 1 in the afternoon. */
export function daily(random: Random): Wave {
  const peak = between(random, 12 * HOUR, 16 * HOUR);
  return (at) => 0.5 + 0.5 * Math.cos((FULL_TURN * (at - peak)) / DAY);
}

/** Grows from 0 to 1 and starts again, as a disk does that somebody cleans up when it is full. */
export function filling(random: Random, period: number): Wave {
  const phase = random.next();
  return (at) => (((at / period + phase) % 1) + 1) % 1;
}

export const between = (random: Random, least: number, most: number): number => least + random.next() * (most - least);

export const within = (value: number, least: number, most: number): number => Math.min(most, Math.max(least, value));
