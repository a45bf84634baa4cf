import { nobody, open, ProtocolError, type Arrival, type JudgedBatch } from "@edgemere/protocol";
import { MINUTE, type Clock, type Log } from "@edgemere/protocol/kit";
import type { Change } from "../platform/change.ts";
import type { Alarm, Feature, MessageKey, Offer, SessionNews } from "../platform/feature.ts";
import { repeatOnConflict } from "../platform/repeat.ts";
import type { Store } from "../platform/store.ts";
import { provedResults } from "./proved-results.ts";
import type { Refusal } from "./refusals.ts";
import { failureOf, type FeatureFailed } from "./feature-failed.ts";

/** The features, and what they are asked over. */
export interface FeatureParts<C> {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly features: readonly Feature<C>[];
  readonly context: C;
}

type Framed = Extract<Arrival, { readonly name: "terminal" }>;

interface Landing<C> {
  readonly ask: (feature: Feature<C>) => Promise<readonly Change[]> | undefined;
  readonly more?: readonly Change[];
  readonly isForAll?: boolean;
}

const ALARM_AGAIN_AFTER = MINUTE;
/** So long a device goes without commands before it is to say hello anew. */
const HELD_FOR = 10 * MINUTE;

/**
 * Tells the features of devices' sessions and of what is wrong with devices, lands what they make of it, and asks them what
 * waits for devices. A feature that fails does not keep a device out: the others go on.
 */
export class FeatureNews<C> {
  readonly #parts: FeatureParts<C>;
  readonly #onFailure: (device: string, failure: FeatureFailed) => void;
  // Times are the monotonic clock's.
  readonly #alarmedAt = new Map<string, Map<Alarm["kind"], number>>();
  /** Devices of whose session not every feature has heard, and since when. */
  readonly #untold = new Map<string, number>();

  constructor(parts: FeatureParts<C>, onFailure: (device: string, failure: FeatureFailed) => void) {
    this.#parts = parts;
    this.#onFailure = onFailure;
  }

  /**
   * Without room nothing can be stored, which is no reason not to hear the device. That one remembers less than it told
   * before must be heard by all: as long as a feature fails on that, this throws.
   */
  async tell(news: SessionNews, hasRoom: boolean, ...more: readonly Change[]): Promise<void> {
    const { device, hello } = news;
    const ask: Landing<C>["ask"] = (each) => each.sessions?.(news, this.#parts.context);
    try {
      const [failure] = await this.#land(device, { ask, more, isForAll: hello?.isRestored !== undefined });
      if (failure === undefined) this.#untold.delete(device);
      else this.hold(device);
    } catch (error) {
      if (hasRoom) throw error;
      this.#parts.log.warn("news of a session not stored", { device, error });
      this.hold(device);
    }
  }

  /** What goes on is told again now and then, not with every message. */
  async raise(alarm: Alarm): Promise<void> {
    const { device, kind } = alarm;
    const now = this.#parts.clock.monotonic();
    const alarmedAt = this.#alarmedAt.get(device) ?? new Map<Alarm["kind"], number>();
    if (now - (alarmedAt.get(kind) ?? -Infinity) < ALARM_AGAIN_AFTER) return;
    this.#alarmedAt.set(device, alarmedAt.set(kind, now));
    await this.#land(device, { ask: (each) => each.alarms?.(alarm, this.#parts.context) });
  }

  /** Has a device kept from commands for what it does. */
  async accuse(device: string, reason: string): Promise<void> {
    try {
      await this.raise({ kind: "misconduct", device, reason });
    } catch (error) {
      // It is held back all the same, and accused again as long as it goes on.
      this.#parts.log.error("misconduct not stored", { device, reason, error });
    }
  }

  /** What waits for a device. Nothing while not all have heard of its session: whether a command may go out again follows from that. */
  async offers(device: string): Promise<readonly Offer[]> {
    if (!this.isTold(device)) return [];
    const { answers, failures } = await this.#ask(device, (each) => each.offers?.(device, this.#parts.context));
    if (failures.length > 0) this.hold(device);
    return answers;
  }

  /** A report that somebody made up or changed is at fault, and features hear of it: its command goes on waiting. */
  async proved(device: string, judged: JudgedBatch): Promise<JudgedBatch> {
    const { batch, unproved } = provedResults(judged, await this.#messageKey(device));
    if (unproved !== undefined)
      await this.raise({ kind: "unproved-result", device, reason: `${unproved.reason}: ${unproved.message}` });
    return batch;
  }

  /** Hands a frame of a terminal to the feature that knows them; one that proves nothing, or is of no terminal, is refused. */
  async frame({ device, message: frame }: Framed, refuse: (refusal: Refusal) => void): Promise<void> {
    try {
      const key = frame.opened && (await this.#messageKey(device));
      const opened = frame.opened && open("terminalOpened", frame.opened, key?.trust ?? (() => nobody));
      const heard = { device, frame, ...(opened && { opened }) };
      for (const { frames } of this.#parts.features) if (await frames?.(heard, this.#parts.context)) return;
      // A device goes on for a while with what has ended here: that is no misconduct.
      refuse({ reason: "no-terminal", message: "a frame is of no terminal that is open" });
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      refuse(error);
    }
  }

  async #messageKey(device: string): Promise<MessageKey | undefined> {
    const { features, context } = this.#parts;
    for (const { messageKey } of features) {
      const key = await messageKey?.(device, context);
      if (key !== undefined) return key;
    }
    return undefined;
  }

  isTold(device: string): boolean {
    return !this.#untold.has(device);
  }

  /** Holds back what waits for a device until its next Hello is heard. */
  hold(device: string): void {
    this.#untold.set(device, this.#parts.clock.monotonic());
  }

  /** Whether it is time that a device says hello anew. */
  isDue(device: string): boolean {
    return this.#parts.clock.monotonic() - (this.#untold.get(device) ?? Infinity) >= HELD_FOR;
  }

  /** The devices of whose session not every feature has heard. */
  get untold(): readonly string[] {
    return [...this.#untold.keys()];
  }

  forget(device: string): void {
    this.#alarmedAt.delete(device);
    this.#untold.delete(device);
  }

  /** Gives what features failed on; with `isForAll` that is thrown, and nothing lands. */
  async #land(device: string, { ask, more = [], isForAll = false }: Landing<C>): Promise<readonly FeatureFailed[]> {
    return repeatOnConflict(async () => {
      const { answers, failures } = await this.#ask(device, ask);
      if (isForAll && failures[0] !== undefined) throw failures[0];
      await this.#parts.store.commit(...answers.flat(), ...more);
      return failures;
    });
  }

  async #ask<T>(device: string, question: (feature: Feature<C>) => Promise<T> | undefined) {
    const { features, store, log } = this.#parts;
    const failures: FeatureFailed[] = [];
    const asked = features.map(async (each) => {
      try {
        return await question(each);
      } catch (error) {
        failures.push(failureOf(each.name, error, store));
        return undefined;
      }
    });
    const answers = (await Promise.all(asked)).filter((each) => each !== undefined);
    for (const failure of failures) {
      log.error("a feature fails on a device", { device, error: failure });
      this.#onFailure(device, failure);
    }
    return { answers, failures };
  }
}
