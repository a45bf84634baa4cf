const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "narrow" });
const instant = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });
const decimal = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });
const precise = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 4 });

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const STEPS = [
  [DAY, "day"],
  [HOUR, "hour"],
  [MINUTE, "minute"],
  [SECOND, "second"],
] as const;

const LONGEST = { big: DAY, small: HOUR, units: ["d", "h"] } as const;
const PAIRS = [
  { below: HOUR, big: MINUTE, small: SECOND, units: ["min", "s"] },
  { below: DAY, big: HOUR, small: MINUTE, units: ["h", "min"] },
] as const;

/** "3min ago", "in 2d"; in one piece. */
export function relativeTime(at: number, now: number): string {
  const distance = at - now;
  // The page looks at its clock only now and then, so what just happened may seem to lie ahead.
  if (distance > -2 * SECOND && distance < 10 * SECOND) return "just now";
  const [size, unit] = STEPS.find(([size]) => Math.abs(distance) >= size) ?? [SECOND, "second"];
  return relative.format(Math.round(distance / size), unit).replaceAll(" ", "\u00a0");
}

/** Date and time in the reader's zone. */
export const localTime = (at: number): string => instant.format(at);
/** The same in full, with the name of the zone. */
export const exactTime = (at: number): string => exact.format(at);

/** "1 h 5 min". */
export function duration(milliseconds: number): string {
  if (milliseconds < SECOND) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < MINUTE) return `${decimal.format(milliseconds / SECOND)} s`;
  const { big, small, units } = PAIRS.find((pair) => milliseconds < pair.below) ?? LONGEST;
  const smalls = Math.round(milliseconds / small);
  const whole = Math.floor((smalls * small) / big);
  const rest = smalls - (whole * big) / small;
  return rest === 0 ? `${whole} ${units[0]}` : `${whole} ${units[0]} ${rest} ${units[1]}`;
}

const BYTE_UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

export function bytes(count: number): string {
  const step = Math.min(BYTE_UNITS.length - 1, Math.max(0, Math.floor(Math.log2(Math.abs(count) || 1) / 10)));
  return `${decimal.format(count / 1_024 ** step)} ${BYTE_UNITS[step] ?? "B"}`;
}

export const number = (value: number): string => precise.format(value);
export const percent = (value: number): string => `${decimal.format(value)} %`;
/** "1 device", "2 devices", "3 policies". */
export const counted = (count: number, noun: string, plural = `${noun}s`.replace(/([^aeiou])ys$/, "$1ies")): string =>
  `${count.toLocaleString()} ${count === 1 ? noun : plural}`;
