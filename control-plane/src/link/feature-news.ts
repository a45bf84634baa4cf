import { MINUTE, type Clock, type Log } from "@edgemere/protocol/kit";
import type { Change } from "../platform/change.ts";
import type { Alarm, Feature, SessionNews } from "../platform/feature.ts";
import { repeatOnConflict } from "../platform/repeat.ts";
import type { Store } from "../platform/store.ts";

interface Parts<C> {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly features: readonly Feature<C>[];
  readonly context: C;
}

const ALARM_AGAIN_AFTER = MINUTE;

/** Tells the features of devices' sessions and of what is wrong with devices, and lands what they make of it. */
export class FeatureNews<C> {
  readonly #parts: Parts<C>;
  /** By the monotonic clock. */
  readonly #alarmedAt = new Map<string, number>();

  constructor(parts: Parts<C>) {
    this.#parts = parts;
  }

  /** Whether it could be stored; without room a failure is no reason not to hear the device. */
  async tell(news: SessionNews, hasRoom: boolean, ...more: readonly Change[]): Promise<boolean> {
    try {
      await this.#commit((each) => each.sessions?.(news, this.#parts.context), ...more);
      return true;
    } catch (error) {
      if (hasRoom) throw error;
      this.#parts.log.warn("news of a session not stored", { device: news.device, error });
      return false;
    }
  }

  /** What goes on is told again now and then, not with every message. */
  async raise(alarm: Alarm): Promise<void> {
    const now = this.#parts.clock.monotonic();
    if (now - (this.#alarmedAt.get(alarm.device) ?? -Infinity) < ALARM_AGAIN_AFTER) return;
    this.#alarmedAt.set(alarm.device, now);
    await this.#commit((each) => each.alarms?.(alarm, this.#parts.context));
  }

  forget(device: string): void {
    this.#alarmedAt.delete(device);
  }

  async #commit(
    decide: (feature: Feature<C>) => Promise<readonly Change[]> | undefined,
    ...more: readonly Change[]
  ): Promise<void> {
    const { features, store } = this.#parts;
    await repeatOnConflict(async () => {
      const changes = await Promise.all(features.map(async (each) => (await decide(each)) ?? []));
      await store.commit(...changes.flat(), ...more);
    });
  }
}
