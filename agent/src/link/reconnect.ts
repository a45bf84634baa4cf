import { MINUTE, pauseBefore, SECOND, type Backoff, type Disk, type Random } from "@edgemere/protocol/kit";

/** Where the device stands in coming back. Survives the process: whoever starts an agent again and again does not hurry it. */
export interface Reconnect {
  /** Tries that failed since the last good session, less those that shorter ones took back. */
  readonly level: number;
  /** From `since` to the next try, milliseconds. */
  readonly pause: number;
  /** When the last failure was, on the wall clock. */
  readonly since: number;
}

/** How a try or a session ended. */
export interface Failure {
  readonly kind: "lost" | "unreachable" | "busy" | "refused";
  /** How long there was a session, milliseconds. */
  readonly lasted?: number;
  /** The control plane asked for a moment within this after a session that is lost, because many will come. */
  readonly spread?: number;
  readonly retryAfterMs?: number | undefined;
}

const backoffs: Readonly<Record<Failure["kind"], Backoff>> = {
  lost: { first: 2 * SECOND, longest: 2 * MINUTE },
  unreachable: { first: 2 * SECOND, longest: 2 * MINUTE },
  busy: { first: 10 * SECOND, longest: 10 * MINUTE },
  // Whoever refuses this device will not change its mind soon; the device does not give up either.
  refused: { first: MINUTE, longest: 30 * MINUTE },
};
/** Most breaks are over in seconds, and to knock where nobody is costs nothing: pauses grow only after so many tries. */
const EAGER_TRIES = 12;
/** A session that lasted this long was a good one: the next break is a new one. */
const STABLE_AFTER = 5 * MINUTE;
/** A shorter one takes back one try for each time it lasted this long. */
const TRY_TAKEN_BACK_AFTER = 15 * SECOND;
const LONGEST_PAUSE = 60 * MINUTE;
// Far above the level at which every pause is the longest.
const HIGHEST_LEVEL = 1_000;
const FILE = "reconnect";

const ATTEMPTS_BEGIN: Reconnect = { level: 0, pause: 0, since: 0 };

/** What comes after a failure. */
export function afterFailure(former: Reconnect, failure: Failure, now: number, random: Random): Reconnect {
  const { kind, lasted = 0, spread = 0, retryAfterMs = 0 } = failure;
  const level = lasted >= STABLE_AFTER ? 0 : Math.max(0, former.level - Math.floor(lasted / TRY_TAKEN_BACK_AFTER));
  const isEager = kind === "lost" || kind === "unreachable";
  const drawn = pauseBefore(isEager ? Math.max(0, level + 1 - EAGER_TRIES) : level, backoffs[kind], random);
  const spreadOut = kind === "lost" ? Math.round(random.next() * spread) : 0;
  return {
    level: Math.min(level + 1, HIGHEST_LEVEL),
    pause: Math.min(LONGEST_PAUSE, Math.max(drawn, spreadOut, retryAfterMs)),
    since: now,
  };
}

/** Where an agent stands that starts at `now`: what is left of the pause, or a fresh beginning when it is long over. */
export function atStart({ level, pause, since }: Reconnect, now: number): Reconnect {
  const passed = now - since;
  if (passed >= pause + STABLE_AFTER) return ATTEMPTS_BEGIN;
  // A clock that was set back tells nothing of how much time has passed.
  return { level, pause: passed < 0 ? pause : Math.max(0, pause - passed), since: now };
}

export async function readReconnect(disk: Disk): Promise<Reconnect> {
  try {
    const bytes = await disk.read(FILE);
    if (bytes === undefined) return ATTEMPTS_BEGIN;
    const { level, pause, since } = JSON.parse(new TextDecoder().decode(bytes)) as Reconnect;
    const isWhole = [level, pause, since].every((each) => Number.isSafeInteger(each) && each >= 0);
    return isWhole && pause <= LONGEST_PAUSE ? { level, pause, since } : ATTEMPTS_BEGIN;
  } catch {
    // It says nothing that is worth more than being connected.
    return ATTEMPTS_BEGIN;
  }
}

export const writeReconnect = (disk: Disk, reconnect: Reconnect): Promise<void> =>
  disk.write(FILE, Buffer.from(JSON.stringify(reconnect)));
