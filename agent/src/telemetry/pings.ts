import { MINUTE, pauseBefore, SECOND, type Env } from "@edgemere/protocol/kit";
import { HostError, type HostNetwork, type PingedHost, type TelemetryReading } from "../host/host.ts";
import { LinkQuality } from "./link-quality.ts";

// Names are looked up by ping at its start only.
const LOST_BEFORE_NEW_START = 10;
const AGAIN = { first: 5 * SECOND, longest: 5 * MINUTE };
// Somebody may install it, or allow it.
const AGAIN_WHERE_NOT_POSSIBLE = 10 * MINUTE;
/** One that has said nothing for so many of its intervals hangs. */
const SILENT_INTERVALS = 3;

/** Why there is no ICMP on this host, as a condition. */
export type PingTrouble = "ping-missing" | "ping-not-allowed";

interface PingsParts {
  /** As its series are called. */
  readonly text: string;
  readonly target: PingedHost;
  /** Milliseconds between two questions. */
  readonly every: number;
  readonly ping: HostNetwork["ping"];
  readonly env: Pick<Env, "clock" | "random" | "log">;
}

/** The way to one host by ICMP: one process that lives on, started anew with growing pauses when it ends. */
export class Pings {
  readonly #parts: PingsParts;
  readonly #quality = new LinkQuality();
  #latency: number | undefined;
  /** Since the last look. */
  #news = 0;
  #lostInARow = 0;
  #failures = 0;
  #heardAt = 0;
  #isRunning = false;
  #restart = new AbortController();
  #isStarted = false;
  trouble: PingTrouble | undefined;

  constructor(parts: PingsParts) {
    this.#parts = parts;
  }

  /** Goes on until the signal aborts; only the first call counts. */
  start(signal: AbortSignal): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    void this.#keepOn(signal);
  }

  /** What has become known since the last look; nothing where this host has no ICMP, for nobody knows what would have been. */
  take(): readonly TelemetryReading[] {
    const { text, every, env } = this.#parts;
    if (this.#isRunning && env.clock.monotonic() - this.#heardAt > SILENT_INTERVALS * every + SECOND)
      this.#restart.abort("it hangs");
    const news = this.#news;
    this.#news = 0;
    if (news === 0) return [];
    const reading = (metric: string, value: number | undefined) => ({ metric, instance: text, value: value ?? NaN });
    return [
      reading("probe.latency_milliseconds", this.#latency),
      reading("probe.jitter_milliseconds", this.#quality.jitter),
      reading("probe.lost_percent", this.#quality.lostPercent),
    ].filter(({ value }) => Number.isFinite(value));
  }

  async #keepOn(signal: AbortSignal): Promise<void> {
    const { random } = this.#parts.env;
    while (!signal.aborted) {
      const end = await this.#once(signal);
      if (signal.aborted) return;
      if (end === "wanted") continue;
      const isPossible = this.trouble === undefined;
      // The question that could not be asked was lost, as far as anybody knows.
      if (isPossible) this.#take(undefined);
      const pause = isPossible
        ? SECOND + pauseBefore(this.#failures, AGAIN, random)
        : AGAIN_WHERE_NOT_POSSIBLE * (0.5 + random.next());
      this.#failures += 1;
      await this.#pause(pause, isPossible, signal);
    }
  }

  /** While nothing can be asked, each interval is one more loss. */
  async #pause(ms: number, isLoss: boolean, signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts.env;
    for (let left = ms; left > 0 && !signal.aborted; left -= this.#parts.every) {
      await clock.sleep(Math.min(left, this.#parts.every), signal);
      if (isLoss && left > this.#parts.every && !signal.aborted) this.#take(undefined);
    }
  }

  /** Runs one process to its end; whether that was wanted. */
  async #once(signal: AbortSignal): Promise<"wanted" | "failed"> {
    const { ping, target, every, env } = this.#parts;
    const restart = new AbortController();
    this.#restart = restart;
    const stop = () => restart.abort();
    signal.addEventListener("abort", stop, { once: true });
    [this.#isRunning, this.#heardAt, this.#lostInARow] = [true, env.clock.monotonic(), 0];
    try {
      if (ping === undefined) throw new HostError("not-found", "this host has no ping");
      await ping({ host: target.host, every, signal: restart.signal, onNews: (latency) => this.#hear(latency) });
      return "wanted";
    } catch (error) {
      this.#tell(error);
      return "failed";
    } finally {
      this.#isRunning = false;
      signal.removeEventListener("abort", stop);
    }
  }

  #hear(latency: number | undefined): void {
    [this.#heardAt, this.#failures, this.trouble] = [this.#parts.env.clock.monotonic(), 0, undefined];
    this.#take(latency);
    this.#lostInARow = latency === undefined ? this.#lostInARow + 1 : 0;
    if (this.#lostInARow === LOST_BEFORE_NEW_START) this.#restart.abort("its name is looked up anew");
  }

  #take(latency: number | undefined): void {
    this.#quality.take(latency);
    this.#latency = latency;
    this.#news += 1;
  }

  #tell(error: unknown): void {
    const { env, text } = this.#parts;
    const reason = error instanceof HostError ? error.reason : "failed";
    const before = this.trouble;
    this.trouble = reason === "failed" ? undefined : reason === "not-found" ? "ping-missing" : "ping-not-allowed";
    if (this.trouble === undefined) env.log.debug("ping ended", { target: text, error });
    else if (this.trouble !== before) env.log.warn("ICMP is not measured", { target: text, error });
  }
}
