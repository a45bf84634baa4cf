import type { v1 } from "@edgemere/protocol";
import { HOUR, MINUTE, SECOND, type Env } from "@edgemere/protocol/kit";
import { LEAST_TIME } from "../version.ts";
import { heard, type Belief } from "./belief.ts";
import { readClockMemory, writeClockMemory, type ClockMemory } from "./clock-file.ts";
import { measured } from "./estimate.ts";
import { clockOffsets, settled, type Period } from "./periods.ts";
import { betweenReadings, type Reading } from "./steady.ts";
import { timeBySystemClock, type TrustedTime } from "./trusted-time.ts";

interface ClockParts {
  readonly env: Env;
  /** Milliseconds since the host was started, its suspensions included. */
  readonly uptime?: (() => number) | undefined;
}

/** A time of the control plane, and when it was asked for on the monotonic clock. */
export interface TimeHeard {
  readonly serverMs: number;
  /** Undefined when nothing was asked: then it tells only that this time is past. */
  readonly askedAt?: number | undefined;
  /** The control plane has signed it. */
  readonly isSigned: boolean;
}

// Numbers of periods are written down before they are used, some at once.
const RESERVED_AT_ONCE = 16;
const SAVE_EVERY = 10 * MINUTE;
const TRY_AGAIN = MINUTE;

/** This device's wall clock, period by period, and the true time as far as the control plane has told it. */
export class DeviceClock {
  readonly #parts: ClockParts;
  readonly #startedAt: number;
  readonly #heardBefore: boolean;
  /** Control plane minus device wall, from the last run; undefined once the wall clock was stepped. */
  #formerOffset: number | undefined;
  #floor: number;
  #usedUpTo: number;
  #next: number;
  #ended: readonly Period[];
  #current: Period = { number: 0 };
  #last: Reading;
  #suspended = 0;
  #belief: Belief | undefined;
  #toldAt = -Infinity;
  #saved = { at: -Infinity, isUnderWay: false };
  #onDisagreement: (detail: string) => void = () => {};

  private constructor(parts: ClockParts, memory: ClockMemory) {
    this.#parts = parts;
    this.#last = this.#read();
    this.#startedAt = this.#last.monotonic;
    this.#heardBefore = memory.offsetMs !== undefined;
    this.#formerOffset = memory.offsetMs;
    this.#floor = Math.max(LEAST_TIME, memory.floorMs);
    this.#usedUpTo = memory.usedUpTo;
    this.#next = memory.usedUpTo + 1;
    this.#ended = memory.periods.map(({ number, ...known }) => ({ number, known }));
  }

  /** Reads what the last run knew and begins a new period. */
  static async open(parts: ClockParts): Promise<DeviceClock> {
    const { disk, random } = parts.env;
    const clock = new DeviceClock(parts, await readClockMemory(disk, random));
    await clock.#save(RESERVED_AT_ONCE);
    clock.#begin();
    return clock;
  }

  /** Whom to tell, once, that the control plane's clock contradicts what is known here. */
  set onDisagreement(listener: (detail: string) => void) {
    this.#onDisagreement = listener;
  }

  /** The period of the wall clock now; 0 when it could not be counted. */
  get period(): number {
    this.#look();
    return this.#current.number;
  }

  /** The true time as far as it is known here, milliseconds since 1970: steps of the wall clock do not move it. */
  correctedNow(): number {
    const now = this.#look();
    if (this.#belief !== undefined) return Math.max(this.#floor, Math.round(now + this.#belief.estimate.offset));
    // Time goes on where nothing but a moment in the past is known.
    const [own] = this.#ownOffsets(now);
    return Math.round(own === undefined ? this.#floor + (now - this.#startedAt) : now + own);
  }

  trustedTime(): TrustedTime {
    const now = this.correctedNow();
    const bySystem = timeBySystemClock(this.#last.wall, this.#floor);
    return this.#belief === undefined ? bySystem : { ...bySystem, earliest: now, latest: now };
  }

  /** Control plane minus device wall now; undefined until it was measured in this run. */
  get offset(): number | undefined {
    if (this.#belief === undefined || this.#belief.estimate.uncertainty === Infinity) return undefined;
    const now = this.#look();
    return Math.round(now + this.#belief.estimate.offset - this.#last.wall);
  }

  /** How times of the given periods are to be read; periods of which nothing is known are left out. */
  offsets(periods: ReadonlySet<number>): readonly v1.ClockOffset.$Properties[] {
    this.#look();
    return clockOffsets([...this.#ended, this.#current], this.#belief?.estimate, periods);
  }

  conditions(): readonly string[] {
    return this.#belief?.doubt === undefined ? [] : ["clock-disagrees"];
  }

  /** Takes in what the control plane says the time is. */
  hear({ serverMs, askedAt, isSigned }: TimeHeard): void {
    const now = this.#look();
    if (askedAt !== undefined) {
      const before = this.#belief;
      const sentAt = now - Math.max(0, this.#last.monotonic - askedAt);
      const witnesses = { offsets: this.#ownOffsets(now), isFirst: !this.#heardBefore };
      this.#belief = heard(before, measured({ sentAt, answeredAt: now, serverMs }), witnesses);
      this.#ended = settled(this.#ended, this.#belief.estimate);
      if (this.#belief.doubt === undefined) this.#saveSoon(before === undefined ? 0 : SAVE_EVERY);
      else this.#disagree(now, this.#belief, this.#belief.doubt.offset);
    }
    // What is not confirmed must not be kept for ever.
    if (isSigned && this.#belief !== undefined && this.#belief.firmFrom <= now)
      this.#floor = Math.max(this.#floor, Math.min(serverMs, Math.round(now + this.#belief.estimate.offset)));
  }

  async close(): Promise<void> {
    await this.#save(0);
  }

  #read(): Reading {
    const { env, uptime } = this.#parts;
    return { wall: env.clock.now(), monotonic: env.clock.monotonic(), uptime: uptime?.() };
  }

  /** Notices what happened to the clocks; gives the time on the steady one, which goes on while the host is suspended. */
  #look(): number {
    const reading = this.#read();
    const { suspended, isStep } = betweenReadings(this.#last, reading);
    this.#last = reading;
    this.#suspended += suspended;
    const now = reading.monotonic + this.#suspended;
    if (isStep) this.#formerOffset = undefined;
    if (isStep || (this.#current.number === 0 && this.#next <= this.#usedUpTo)) this.#begin();
    else this.#current = { number: this.#current.number, wallOffset: reading.wall - now };
    if (this.#current.number === 0) this.#saveSoon(TRY_AGAIN);
    return now;
  }

  #begin(): void {
    // Where no number is safe none is used: such times are read as they stand.
    const number = this.#next <= this.#usedUpTo ? this.#next++ : 0;
    const wallOffset = this.#last.wall - (this.#last.monotonic + this.#suspended);
    this.#ended = settled([...this.#ended, this.#current], this.#belief?.estimate);
    this.#current = { number, wallOffset };
    const left = this.#usedUpTo - this.#next + 1;
    this.#saveSoon(left < RESERVED_AT_ONCE / 2 ? TRY_AGAIN : SAVE_EVERY);
  }

  /** What this device's own clock says, as offsets of the steady one: as it was corrected in the last run, and as it stands. */
  #ownOffsets(now: number): readonly number[] {
    const { wall } = this.#last;
    const says = [...(this.#formerOffset === undefined ? [] : [wall + this.#formerOffset]), wall];
    return says.filter((each) => each >= this.#floor).map((each) => each - now);
  }

  #disagree(now: number, belief: Belief, offset: number): void {
    if (now - this.#toldAt < HOUR) return;
    this.#toldAt = now;
    const seconds = Math.round((offset - belief.estimate.offset) / SECOND);
    const detail = `the control plane's clock is ${Math.abs(seconds)} s ${seconds > 0 ? "ahead of" : "behind"} what this device knows; it is believed if it stays so for an hour`;
    this.#parts.env.log.warn("the control plane's clock is not believed", { detail });
    this.#onDisagreement(detail);
  }

  #saveSoon(atLeastApart: number): void {
    if (this.#saved.isUnderWay || this.#last.monotonic - this.#saved.at < atLeastApart) return;
    void this.#save(RESERVED_AT_ONCE);
  }

  /** Writes down what the next run needs, and that some more numbers may be used. */
  async #save(reserve: number): Promise<void> {
    const usedUpTo = Math.max(this.#next - 1 + reserve, reserve === 0 ? 0 : this.#usedUpTo);
    this.#saved = { at: this.#last.monotonic, isUnderWay: true };
    const offsetMs = this.offset ?? this.#formerOffset;
    const memory = {
      usedUpTo,
      floorMs: Math.round(this.#floor),
      ...(offsetMs !== undefined && { offsetMs }),
      periods: [...this.#ended, this.#current].flatMap((each) => this.#memoryOf(each)),
    };
    try {
      await writeClockMemory(this.#parts.env.disk, memory);
      this.#usedUpTo = usedUpTo;
    } catch (error) {
      // On a full disk: measuring and delivering are worth more than knowing the time exactly.
      this.#parts.env.log.debug("what is known of the clock was not written down", { error });
    } finally {
      this.#saved = { ...this.#saved, isUnderWay: false };
    }
  }

  #memoryOf({ number }: Period): ClockMemory["periods"] {
    return this.offsets(new Set([number])).flatMap(({ clockPeriod, offsetMs, uncertaintyMs }) =>
      clockPeriod === undefined
        ? []
        : [{ number: clockPeriod, offset: offsetMs ?? 0, uncertainty: uncertaintyMs ?? 0 }],
    );
  }
}
