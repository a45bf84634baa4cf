import { DAY, HOUR, MINUTE, SECOND } from "../kit/index.ts";

/** What was written makes no sense; the message says where it stood and what is right. */
export class ConfigError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ConfigError";
  }
}

const DURATIONS: Readonly<Record<string, number>> = { ms: 1, s: SECOND, m: MINUTE, h: HOUR, d: DAY };
const SIZES: Readonly<Record<string, number>> = { KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };

/** Reads one option's text; throws ConfigError saying what would be right. */
export type Reader<T> = (text: string) => T;

/** `500ms`, `10s`, `5m`, `6h`, `7d`, in milliseconds. */
export const duration =
  (shortest: number, longest: number): Reader<number> =>
  (text) =>
    between(text, measured(text, DURATIONS, "a duration such as 500ms, 10s, 5m, 6h or 7d"), {
      least: shortest,
      most: longest,
      write: inUnits(DURATIONS),
    });

/** `512KiB`, `256MiB`, `1GiB`, in bytes. */
export const size =
  (smallest: number, largest: number): Reader<number> =>
  (text) =>
    between(text, measured(text, SIZES, "a size such as 512KiB, 256MiB or 1GiB"), {
      least: smallest,
      most: largest,
      write: inUnits(SIZES),
    });

export const oneOf =
  <T extends string>(words: readonly T[]): Reader<T> =>
  (text) => {
    const found = words.find((word) => word === text);
    if (found === undefined) throw new ConfigError(`"${text}" is none of ${words.join(", ")}`);
    return found;
  };

export const wholeNumber =
  (least: number, most: number): Reader<number> =>
  (text) => {
    if (!/^\d{1,15}$/.test(text)) throw new ConfigError(`"${text}" is no whole number`);
    return between(text, Number(text), { least, most, write: String });
  };

/** `key=value`, split at the first `=`. */
export function pair(text: string): readonly [key: string, value: string] {
  const at = text.indexOf("=");
  if (at < 1 || at === text.length - 1) throw new ConfigError(`"${text}" is not written as key=value`);
  return [text.slice(0, at), text.slice(at + 1)];
}

function measured(text: string, units: Readonly<Record<string, number>>, what: string): number {
  // Nothing is nothing, whatever it is counted in.
  if (text === "0") return 0;
  const [, digits, unit] = /^(\d+(?:\.\d+)?)([A-Za-z]+)$/.exec(text) ?? [];
  const factor = unit !== undefined && Object.hasOwn(units, unit) ? units[unit] : undefined;
  if (digits === undefined || factor === undefined) throw new ConfigError(`"${text}" is not ${what}`);
  return Math.round(Number(digits) * factor);
}

interface Bounds {
  readonly least: number;
  readonly most: number;
  /** A bound as one would type it. */
  readonly write: (value: number) => string;
}

function between(text: string, value: number, { least, most, write }: Bounds): number {
  if (value < least) throw new ConfigError(`"${text}" is too small: at least ${write(least)}`);
  if (value > most) throw new ConfigError(`"${text}" is too large: at most ${write(most)}`);
  return value;
}

/** In the largest unit that leaves a whole number. */
const inUnits =
  (units: Readonly<Record<string, number>>) =>
  (value: number): string => {
    const [unit, factor] = Object.entries(units).findLast(([, each]) => value % each === 0) ?? ["", 1];
    return `${value / factor}${unit}`;
  };
