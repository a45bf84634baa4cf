import { limits } from "@edgemere/protocol";
import { SECOND, type Clock } from "@edgemere/protocol/kit";

/** So many bytes a second, from one minute of the day to another; over midnight when it begins after its end. */
export interface BandwidthWindow {
  /** Minutes since midnight. */
  readonly from: number;
  readonly to: number;
  readonly bytesPerSecond: number;
}

/** How fast content may come and go, by the time of day of a time zone. Where no window is, nothing holds it back. */
export interface Bandwidth {
  readonly windows: readonly BandwidthWindow[];
  /** IANA name; the host's own when absent. */
  readonly zone?: string;
}

const MINUTES_OF_AN_HOUR = 60;
const SMALLEST = 4 * 1024;

/** The slowest of the windows that hold at a minute of the day; undefined when none does. */
export function rateAt({ windows }: Pick<Bandwidth, "windows">, minute: number): number | undefined {
  const open = windows.filter(({ from, to }) =>
    from < to ? minute >= from && minute < to : minute >= from || minute < to,
  );
  return open.length === 0 ? undefined : Math.min(...open.map(({ bytesPerSecond }) => bytesPerSecond));
}

/** The minute of the day of an instant, by the wall clock of a time zone. */
export function minuteOf(at: number, zone: string | undefined): number {
  const format = new Intl.DateTimeFormat("en-GB", {
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
    ...(zone !== undefined && { timeZone: zone }),
  });
  const [hours = "0", minutes = "0"] = format.format(at).split(":");
  return Number(hours) * MINUTES_OF_AN_HOUR + Number(minutes);
}

/** Keeps what files take of the link to what the timetable allows: all transfers of the device together. */
export class Pace {
  #bandwidth: Bandwidth;
  readonly #clock: Clock;
  readonly #now: () => number;
  #freeAt = 0;

  /** `now` is the true time, as far as it is known. */
  constructor(bandwidth: Bandwidth, clock: Clock, now: () => number) {
    this.#bandwidth = bandwidth;
    this.#clock = clock;
    this.#now = now;
  }

  /** From now on it is another timetable. */
  change(bandwidth: Bandwidth): void {
    this.#bandwidth = bandwidth;
  }

  /** How large a piece may be, so that one takes no longer than a second at the pace of the moment; at least so many bytes. */
  pieceBytes(least = SMALLEST): number {
    return Math.min(limits.filePieceBytes, Math.max(least, this.#rate() ?? Infinity));
  }

  /** Resolves when a piece may go, and counts it. */
  async take(bytes: number, signal: AbortSignal): Promise<void> {
    const now = this.#clock.monotonic();
    const begin = Math.max(now, this.#freeAt);
    const rate = this.#rate();
    this.#freeAt = begin + (rate === undefined ? 0 : (bytes / rate) * SECOND);
    if (begin > now) await this.#clock.sleep(begin - now, signal);
  }

  #rate(): number | undefined {
    return this.#bandwidth.windows.length === 0
      ? undefined
      : rateAt(this.#bandwidth, minuteOf(this.#now(), this.#bandwidth.zone));
  }
}
