import type { Trust } from "@edgemere/protocol";
import { SECOND, type Clock } from "@edgemere/protocol/kit";
import type { HostReleases } from "../host/host-releases.ts";

interface UpgradeParts {
  readonly clock: Clock;
  /** Absent where no launcher watches over the agent. */
  readonly releases: HostReleases | undefined;
  readonly trust: Trust;
  /** Of the release that runs. */
  readonly version: string;
  readonly correctedNow: () => number;
  /** Resolves when a session has begun and something that was said of the command after that has been acknowledged. */
  readonly roundTrip: (command: string, signal: AbortSignal) => Promise<void>;
  /** Ends this agent, for its launcher to start what is chosen now. */
  readonly restart: () => void;
}

const TRY_AGAIN = SECOND;

/** What an upgrade of this agent needs beside its command: the proof goes on when the command's own time is over. */
export class ReleaseUpgrade implements AsyncDisposable {
  readonly parts: UpgradeParts;
  readonly #stop = new AbortController();
  #proof: Promise<void> | undefined;

  constructor(parts: UpgradeParts) {
    this.parts = parts;
  }

  /** Proves that this release can be reached and answers; resolves when that is written down, or the agent stops. */
  proved(command: string): Promise<void> {
    this.#proof ??= this.#prove(command);
    return this.#proof;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
  }

  async #prove(command: string): Promise<void> {
    const { clock, releases, roundTrip } = this.parts;
    const { signal } = this.#stop;
    for (;;) {
      try {
        await roundTrip(command, signal);
        if (signal.aborted) return;
        await releases?.mark({ command, state: "confirmed", detail: "" });
        return;
      } catch {
        // A disk that is full now may not be in a moment; whoever watches waits for long.
        await clock.sleep(TRY_AGAIN, signal);
      }
    }
  }
}
