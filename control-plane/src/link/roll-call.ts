import { pack, type Packet } from "@edgemere/protocol";
import { MINUTE, SECOND, type Clock } from "@edgemere/protocol/kit";
import type { DeviceLink } from "../platform/device-link.ts";
import type { DeviceMessages } from "./carrier.ts";

interface Parts {
  readonly link: Pick<DeviceMessages, "dropped"> & Pick<DeviceLink, "sessions">;
  readonly send: (packet: Packet) => Promise<void>;
  readonly clock: Clock;
}

const ASK_AFTER = MINUTE;
const GONE_AFTER = 3 * MINUTE;
const ASK_AT_MOST_EVERY = 10 * SECOND;
/** A fleet that is asked answers at this pace: 200 a second. */
const BETWEEN_QUESTIONS = 5;

/** What is done about a device that was not heard for so many milliseconds. */
const afterSilence = (silence: number): "nothing" | "ask" | "forget" =>
  silence >= GONE_AFTER ? "forget" : silence >= ASK_AFTER ? "ask" : "nothing";

/** Finds out who is there behind a broker that does not tell: whoever says nothing is asked, and is gone without an answer. */
export class RollCall {
  readonly #parts: Parts;
  readonly #heardAt = new Map<string, number>();
  readonly #askedAt = new Map<string, number>();
  #roadSince: number;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#roadSince = this.#now();
  }

  heard(device: string): void {
    this.#heardAt.set(device, this.#now());
  }

  /** There is a broker now, or none any more: silence from before is no device's fault, and questions got lost. */
  roadChanged(): void {
    this.#roadSince = this.#now();
    this.#askedAt.clear();
  }

  /** A Sync of no session: whoever is there says hello. */
  async ask(device: string): Promise<void> {
    const { clock, send } = this.#parts;
    if (this.#now() - (this.#askedAt.get(device) ?? -Infinity) < ASK_AT_MOST_EVERY) return;
    this.#askedAt.set(device, this.#now());
    // A question that gets lost is asked again.
    await send(pack("sync", { device }, { sessionEpoch: 0, serverTimeMs: clock.now() })).catch(() => undefined);
  }

  /** Those with a session first: they are waiting for something. */
  async askAll(devices: AsyncIterable<string>, signal: AbortSignal): Promise<void> {
    const { link, clock } = this.#parts;
    const inSession = new Set(link.sessions().map(({ device }) => device));
    const askNext = async (device: string) => {
      await this.ask(device);
      await clock.sleep(BETWEEN_QUESTIONS, signal);
    };
    for (const device of inSession) if (!signal.aborted) await askNext(device);
    for await (const device of devices) {
      if (signal.aborted) return;
      if (!inSession.has(device)) await askNext(device);
    }
  }

  forget(device: string): void {
    this.#heardAt.delete(device);
    this.#askedAt.delete(device);
    this.#parts.link.dropped(device);
  }

  /** Looks after everybody once. */
  async look(): Promise<void> {
    for (const { device } of this.#parts.link.sessions()) {
      const silence = this.#now() - Math.max(this.#heardAt.get(device) ?? 0, this.#roadSince);
      const next = afterSilence(silence);
      if (next === "forget") this.forget(device);
      if (next === "ask") await this.ask(device);
    }
  }

  #now(): number {
    return this.#parts.clock.monotonic();
  }
}
