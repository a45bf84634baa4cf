import { conditionsOf } from "./conditions.ts";
import { LinkStatusFile, type LinkStatus } from "./link-status.ts";
import { afterFailure, atStart, readReconnect, writeReconnect, type Failure } from "./reconnect.ts";
import { SessionNumbers } from "./session-numbers.ts";
import { Session, type SessionParts } from "./session.ts";
import { ConnectError } from "./transport.ts";

type LinkParts = Omit<SessionParts, "onEstablished">;

/** Keeps the device connected: one session after another, for as long as the agent runs. */
export class Link implements AsyncDisposable {
  readonly #parts: SessionParts;
  readonly #stop = new AbortController();
  readonly #statusFile: LinkStatusFile;
  /** The newest one, which may be over. */
  #session: Session | undefined;
  #epoch = 0;
  #connectedAt: number | undefined;
  #lastFailure: LinkStatus["lastFailure"];
  #nextTryAt: number | undefined;
  #running: Promise<void> | undefined;

  constructor(parts: LinkParts) {
    this.#parts = { ...parts, onEstablished: () => this.#established() };
    this.#statusFile = new LinkStatusFile(parts.env, () => this.status());
  }

  start(): void {
    this.#parts.spool.onKept = () => this.#session?.kick();
    // What fails here ends the process: an agent without a link would only look alive.
    this.#running ??= this.#run();
  }

  get isConnected(): boolean {
    return this.#session?.isEstablished ?? false;
  }

  /** Number of the newest session. */
  get epoch(): number {
    return this.#epoch;
  }

  status(): LinkStatus {
    const clockOffset = this.#parts.time.offset;
    return {
      sessionEpoch: this.#epoch,
      ...(this.#connectedAt !== undefined && { connectedAt: this.#connectedAt }),
      ...(this.#lastFailure !== undefined && { lastFailure: this.#lastFailure }),
      ...(this.#nextTryAt !== undefined && { nextTryAt: this.#nextTryAt }),
      ...(clockOffset !== undefined && { clockOffset }),
      conditions: this.#session?.conditions() ?? conditionsOf(this.#parts),
    };
  }

  /** Says goodbye and ends. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
    this.#statusFile.changed();
    await this.#statusFile[Symbol.asyncDispose]();
  }

  async #run(): Promise<void> {
    const { clock, random, log, disk } = this.#parts.env;
    const numbers = await SessionNumbers.open(this.#parts.env);
    this.#epoch = numbers.last;
    let reconnect = atStart(await readReconnect(disk), clock.now());
    await this.#pause(reconnect.pause);
    while (!this.#stop.signal.aborted) {
      const { reason, ...failure } = await this.#connectOnce(numbers);
      this.#connectedAt = undefined;
      if (this.#stop.signal.aborted) return;
      reconnect = afterFailure(reconnect, failure, Math.round(clock.now()), random);
      const { level, pause } = reconnect;
      const fields = { reason, attempt: level, retryInMs: pause };
      if (failure.kind === "refused") log.warn("the control plane refuses this device", fields);
      else log.info("not connected", fields);
      this.#lastFailure = { at: this.#parts.time.correctedNow(), reason };
      // On a full disk a device that comes back too early is better than one that does not.
      await writeReconnect(disk, reconnect).catch((error: unknown) => {
        log.debug("when to come back was not written down", { error });
      });
      await this.#pause(pause);
    }
  }

  async #pause(ms: number): Promise<void> {
    const { clock } = this.#parts.env;
    if (ms <= 0) return;
    this.#nextTryAt = Math.round(this.#parts.time.correctedNow() + ms);
    this.#statusFile.changed();
    await clock.sleep(ms, this.#stop.signal);
    this.#nextTryAt = undefined;
  }

  async #connectOnce(numbers: SessionNumbers): Promise<Failure & { readonly reason: string }> {
    try {
      this.#epoch = await numbers.next();
      this.#session = new Session(this.#parts, this.#epoch);
      return await this.#session.run(this.#stop.signal);
    } catch (error) {
      if (error instanceof ConnectError)
        return { kind: error.kind, reason: error.message, retryAfterMs: error.retryAfterMs };
      // The duties go on without a connection, so nothing that happens here may end the agent.
      this.#parts.env.log.error("session failed", { error });
      return { kind: "unreachable", reason: error instanceof Error ? error.message : "the session failed" };
    }
  }

  #established(): void {
    this.#connectedAt = this.#parts.time.correctedNow();
    this.#statusFile.changed();
  }
}
