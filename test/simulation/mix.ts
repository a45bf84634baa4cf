import { HOUR, SECOND, type Random } from "@edgemere/protocol/kit";
import type { ClockState } from "./process-clock.ts";
import type { Fault, Profile } from "./profiles.ts";
import { calm, type Weather } from "./weather.ts";

/** What one seed makes of its profile: of everything a different share, and of some things nothing. */
export interface Mix {
  readonly faults: readonly (readonly [Fault, number])[];
  readonly weather: Weather;
  readonly spoolBytes: number;
  readonly sampleEvery: number;
  readonly reportEvery: number;
  readonly dataEvery: number;
  /** Whether those subsystems run beside that devices do not speak to. */
  readonly isWholeControlPlane: boolean;
  /** How often windows of telemetry are made beforehand, milliseconds; absent where none are. */
  readonly windowsEvery?: number;
  /** Whether in the end one device is switched off, to see it called offline. */
  readonly endsWithAnAbsence: boolean;
}

/** In so many worlds one has windows: by its number, not drawn, so that the others stay what they were. Made often, since a world lasts minutes only; in every second of them hours wait a little longer. */
const WINDOWS = { oneOf: 13, at: 7, every: [10 * SECOND, SECOND] } as const;
const windowsOf = (seed: number) =>
  seed % WINDOWS.oneOf === WINDOWS.at
    ? { windowsEvery: WINDOWS.every[Math.floor(seed / WINDOWS.oneOf) % 2] ?? SECOND }
    : {};

export function drawMix(seed: number, { faults, weather, spoolBytes }: Profile, random: Random): Mix {
  const entries = Object.entries(faults) as [Fault, number][];
  const drawn = entries
    .filter(() => random.next() < 0.7)
    .map(([fault, weight]) => [fault, weight * random.next()] as const);
  const some = (most = 0) => (random.next() < 0.5 ? most * random.next() : 0);
  const sampleEvery = 5 * (1 + Math.floor(random.next() * 3)) * SECOND;
  return {
    faults: drawn.length > 0 ? drawn : entries,
    weather: {
      ...calm,
      lost: some(weather?.lost),
      repeated: some(weather?.repeated),
      overtaken: some(weather?.overtaken),
    },
    spoolBytes,
    sampleEvery,
    reportEvery: (1 + Math.floor(random.next() * 2)) * sampleEvery,
    dataEvery: (15 + Math.floor(random.next() * 30)) * SECOND,
    isWholeControlPlane: random.next() < 0.125,
    ...windowsOf(seed),
    endsWithAnAbsence: random.next() < 0.03,
  };
}

/** The clock of one machine. */
export function drawClock({ areClocksBad = false }: Profile, now: number, random: Random): ClockState {
  const luck = random.next();
  if (!areClocksBad || luck < 0.4) return { offset: 0, rate: 1 };
  // Not set yet: as if it were 1970, and the machine up for an hour.
  if (luck < 0.6) return { offset: HOUR - now, rate: 1 };
  return { offset: Math.round((2 * random.next() - 1) * HOUR), rate: 0.9 + 0.2 * random.next() };
}
