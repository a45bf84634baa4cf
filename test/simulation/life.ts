import type { Random } from "@edgemere/protocol/kit";
import type { ManualClock } from "@edgemere/protocol/simulated";

/** Never resolves: what a dead process waits for. */
const forever = <T>(): Promise<T> => new Promise<T>(() => {});

/** Of the process only, or of its whole host. */
export type Death = "killed" | "power";

export interface Latency {
  readonly shortest: number;
  readonly longest: number;
}

/**
 * The life of a process, from its start to a death without warning. Each of its contacts with the outside goes through
 * here, takes time and may be its last one: after its death nothing it asked for is done or answered any more. While it
 * is frozen it asks for nothing, hears nothing and no pause of it ends.
 */
export class Life {
  readonly #clock: ManualClock;
  readonly #random: Random;
  readonly #died: () => void;
  readonly bornAt: number;
  #contactsLeft = Infinity;
  #isOver = false;
  /** What happens when it goes on; undefined while nothing holds it. */
  #held: (() => void)[] | undefined;
  #asleepSince: number | undefined;
  /** Time that its machine slept: its own clock did not run then. */
  sleptMs = 0;

  constructor(parts: { readonly clock: ManualClock; readonly random: Random; readonly died: () => void }) {
    this.#clock = parts.clock;
    this.#random = parts.random;
    this.#died = parts.died;
    this.bornAt = parts.clock.monotonic();
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  get isFrozen(): boolean {
    return this.#held !== undefined;
  }

  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#died();
  }

  /** Dies at the contact of that number from now on. */
  endAtContact(number: number): void {
    this.#contactsLeft = number;
  }

  /** Nothing goes on until `thaw`; when its machine sleeps, its clock neither. */
  freeze(isMachineAsleep = false): void {
    this.#held ??= [];
    if (isMachineAsleep) this.#asleepSince = this.#clock.monotonic();
  }

  thaw(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    if (this.#asleepSince !== undefined) this.sleptMs += this.#clock.monotonic() - this.#asleepSince;
    this.#asleepSince = undefined;
    for (const happen of held) happen();
  }

  /** Something from outside reaches the process: now, when it goes on, or never. */
  hear(happen: () => void): void {
    if (this.#isOver) return;
    if (this.#held !== undefined) this.#held.push(() => this.hear(happen));
    else happen();
  }

  /** Lets the process have an effect outside, at some moment of the time it takes. */
  async contact<T>(effect: () => T | Promise<T>, { shortest, longest }: Latency): Promise<T> {
    await this.#thawed();
    if (this.#isOver) return forever();
    this.#contactsLeft -= 1;
    const isLast = this.#contactsLeft <= 0;
    const takes = longest === 0 ? 0 : shortest + Math.floor(this.#random.next() * (longest - shortest + 1));
    const before = takes === 0 ? 0 : Math.floor(this.#random.next() * (takes + 1));
    // Before its effect, in the middle of it or after it, and nobody knows which.
    const dies = isLast ? Math.floor(this.#random.next() * 3) : 3;
    if (dies === 0) this.end();
    if (before > 0) await this.#clock.sleep(before);
    await this.#thawed();
    if (this.#isOver) return forever();
    try {
      const under = effect();
      if (dies === 1) this.end();
      const value = await under;
      if (dies === 2) this.end();
      if (takes > before) await this.#clock.sleep(takes - before);
      await this.#thawed();
      return this.#isOver ? await forever<T>() : value;
    } catch (error) {
      if (!this.#isOver) throw error;
      return await forever<T>();
    }
  }

  /** A question that changes nothing outside. */
  async ask<T>(question: () => Promise<T>): Promise<T> {
    await this.#thawed();
    if (this.#isOver) return forever();
    const answer = await question();
    await this.#thawed();
    return this.#isOver ? forever() : answer;
  }

  /** A look at something, without time or effect. */
  look<T>(at: () => T): Promise<T> {
    return this.#isOver ? forever() : this.#held === undefined ? Promise.resolve(at()) : this.ask(async () => at());
  }

  /** A pause of the process. Time that its machine slept does not count. */
  async pause(ms: number, signal?: AbortSignal): Promise<void> {
    const until = this.#clock.monotonic() - this.sleptMs + ms;
    for (let left = ms; ;) {
      await this.#clock.sleep(left, signal);
      await this.#thawed();
      left = until - (this.#clock.monotonic() - this.sleptMs);
      if (left <= 0 || signal?.aborted) break;
    }
    if (this.#isOver) await forever();
  }

  #thawed(): Promise<void> | undefined {
    return this.#held === undefined ? undefined : new Promise((resolve) => this.#held?.push(resolve));
  }
}
