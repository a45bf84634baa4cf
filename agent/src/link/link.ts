import { MINUTE, pauseBefore, SECOND, type Backoff, type Disk } from "@edgemere/protocol/kit";
import { Session, type SessionParts } from "./session.ts";
import { ConnectError } from "./transport.ts";

const UNREACHABLE: Backoff = { first: 2 * SECOND, longest: 2 * MINUTE };
// Whoever refuses this device will not change its mind soon; the device does not give up either.
const REFUSED: Backoff = { first: MINUTE, longest: 30 * MINUTE };
/** A session that lasted this long was a good one: the next break is a new one. */
const STABLE_AFTER = 5 * MINUTE;
const EPOCH_FILE = "session-epoch";

/** Keeps the device connected: one session after another, for as long as the agent runs. */
export class Link implements AsyncDisposable {
  readonly #parts: SessionParts;
  readonly #stop = new AbortController();
  #session: Session | undefined;
  #epoch = 0;
  #running: Promise<void> | undefined;

  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#parts.spool.onKept = () => this.#session?.kick();
    this.#running ??= this.#run();
  }

  get isConnected(): boolean {
    return this.#session?.isEstablished ?? false;
  }

  /** Number of the newest session. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Says goodbye and ends. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, random, log, disk } = this.#parts.env;
    this.#epoch = await readEpoch(disk, clock.now());
    let attempt = 0;
    while (!this.#stop.signal.aborted) {
      const since = clock.monotonic();
      const failure = await this.#connectOnce();
      if (this.#stop.signal.aborted) return;
      if (clock.monotonic() - since >= STABLE_AFTER) attempt = 0;
      const backoff = failure.kind === "refused" ? REFUSED : UNREACHABLE;
      const pause = Math.max(pauseBefore(attempt, backoff, random), failure.retryAfterMs ?? 0);
      attempt += 1;
      const fields = { reason: failure.message, attempt, retryInMs: pause };
      if (failure.kind === "refused") log.warn("the control plane refuses this device", fields);
      else log.info("not connected", fields);
      await clock.sleep(pause, this.#stop.signal);
    }
  }

  async #connectOnce(): Promise<ConnectError> {
    try {
      await this.#nextEpoch();
      this.#session = new Session(this.#parts, this.#epoch);
      return new ConnectError("unreachable", await this.#session.run(this.#stop.signal));
    } catch (error) {
      if (error instanceof ConnectError) return error;
      // The duties go on without a connection, so nothing that happens here may end the agent.
      this.#parts.env.log.error("session failed", { error });
      return new ConnectError("unreachable", error instanceof Error ? error.message : "the session failed");
    } finally {
      this.#session = undefined;
    }
  }

  /** Counted on disk before it is used, so that news of an earlier session are known as such. */
  async #nextEpoch(): Promise<void> {
    const { disk, log } = this.#parts.env;
    this.#epoch += 1;
    await disk.write(EPOCH_FILE, Buffer.from(String(this.#epoch))).catch((error: unknown) => {
      // On a full disk a device that is heard is worth more than a number that is safe.
      log.warn("session number not written down", { error });
    });
  }
}

async function readEpoch(disk: Disk, now: number): Promise<number> {
  const bytes = await disk.read(EPOCH_FILE);
  if (bytes === undefined) return 0;
  const epoch = Number(new TextDecoder().decode(bytes));
  // No device connects once a second all its life: from here the counter has never been.
  return Number.isSafeInteger(epoch) && epoch > 0 ? epoch : Math.floor(now / SECOND);
}
