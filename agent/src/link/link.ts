import { pack, type Packet } from "@edgemere/protocol";
import { addressesAfter, afterEnd, firstRound, type Round } from "./addresses.ts";
import { conditionsOf } from "./conditions.ts";
import type { LinkStatus } from "./link-status.ts";
import { LinkStatusFile } from "./link-status-file.ts";
import { afterFailure, atStart, readReconnect, writeReconnect, type Failure } from "./reconnect.ts";
import { SessionNumbers } from "./session-numbers.ts";
import type { SessionParts } from "./session-parts.ts";
import { Session } from "./session.ts";
import { ConnectError } from "./transport.ts";

interface LinkParts extends Omit<SessionParts, "address" | "onEstablished" | "onConditions" | "onAddresses"> {
  /** Of the broker, the preferred one first. */
  readonly addresses: readonly string[];
  /** Tried in their place, and no others; undefined when nobody has set any. */
  readonly setAddresses?: readonly string[] | undefined;
  /** Keeps those that the control plane has told. */
  readonly keepAddresses: (addresses: readonly string[]) => Promise<void>;
}

/** Keeps the device connected: one session after another, for as long as the agent runs. */
export class Link implements AsyncDisposable {
  readonly #parts: LinkParts;
  readonly #stop = new AbortController();
  #wake = new AbortController();
  readonly #statusFile: LinkStatusFile;
  /** The newest one, which may be over. */
  #session: Session | undefined;
  #epoch = 0;
  #told: readonly string[];
  #set: readonly string[] | undefined;
  #round: Round;
  #connectedAt: number | undefined;
  #lastFailure: LinkStatus["lastFailure"];
  #nextTryAt: number | undefined;
  #running: Promise<void> | undefined;
  /** Somebody waits for the next session. */
  #isHurried = false;
  /** Told the number of each session that begins. */
  onSession: (epoch: number) => void = () => {};

  constructor(parts: LinkParts) {
    this.#parts = parts;
    this.#told = parts.addresses;
    this.#set = parts.setAddresses;
    this.#round = firstRound(this.#addresses);
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
      address: this.#round.address,
      ...(this.#connectedAt !== undefined && { connectedAt: this.#connectedAt }),
      ...(this.#lastFailure !== undefined && { lastFailure: this.#lastFailure }),
      ...(this.#nextTryAt !== undefined && { nextTryAt: this.#nextTryAt }),
      ...(clockOffset !== undefined && { clockOffset }),
      conditions: this.#session?.conditions() ?? conditionsOf(this.#parts),
      ...(this.#parts.renewal && { certificate: this.#parts.renewal.status() }),
    };
  }

  /** Has the next session begin at these addresses and no others; with undefined at those that the control plane tells. */
  lead(addresses: readonly string[] | undefined): void {
    if (addresses?.join() === this.#set?.join()) return;
    this.#set = addresses;
    this.#round = firstRound(this.#addresses);
  }

  get #addresses(): readonly string[] {
    return this.#set ?? this.#told;
  }

  /** Ends the session or the pause, to connect anew; `atOnce` without the pause that lies between sessions. */
  comeBack(reason: string, { atOnce = false } = {}): void {
    this.#isHurried ||= atOnce;
    this.#session?.leave(reason);
    this.#wake.abort();
  }

  /** Says goodbye and ends. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#wake.abort();
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
      const { address } = this.#round;
      const { round, over } = afterEnd(this.#round, failure, this.#addresses);
      this.#round = round;
      if (over !== undefined) reconnect = afterFailure(reconnect, over, Math.round(clock.now()), random);
      const { level, pause } = reconnect;
      const fields = { reason, address, attempt: level, retryInMs: over === undefined ? 0 : pause };
      if (failure.kind === "refused") {
        log.warn("the control plane refuses this device", fields);
        this.#parts.renewal?.refused();
      } else log.info("not connected", fields);
      this.#lastFailure = { at: this.#parts.time.correctedNow(), reason };
      if (over === undefined) continue;
      // On a full disk a device that comes back too early is better than one that does not.
      await writeReconnect(disk, reconnect).catch((error: unknown) => {
        log.debug("when to come back was not written down", { error });
      });
      await this.#pause(pause);
    }
  }

  async #pause(ms: number): Promise<void> {
    const { clock } = this.#parts.env;
    const isHurried = this.#isHurried;
    this.#isHurried = false;
    if (ms <= 0 || isHurried) return;
    this.#nextTryAt = Math.round(this.#parts.time.correctedNow() + ms);
    this.#statusFile.changed();
    this.#wake = new AbortController();
    if (!this.#stop.signal.aborted) await clock.sleep(ms, this.#wake.signal);
    this.#nextTryAt = undefined;
  }

  async #connectOnce(numbers: SessionNumbers): Promise<Failure & { readonly reason: string }> {
    try {
      this.#epoch = await numbers.next();
      const { address } = this.#round;
      const onEstablished = (publish: (packet: Packet) => void) => this.#established(publish);
      const onConditions = () => this.#statusFile.changed();
      const onAddresses = (told: readonly string[]) => this.#hearAddresses(told, address);
      const hears = { onEstablished, onConditions, onAddresses };
      this.#session = new Session({ ...this.#parts, address, ...hears }, this.#epoch);
      return await this.#session.run(this.#stop.signal);
    } catch (error) {
      if (error instanceof ConnectError)
        return { kind: error.kind, reason: error.message, retryAfterMs: error.retryAfterMs };
      // The duties go on without a connection, so nothing that happens here may end the agent.
      this.#parts.env.log.error("session failed", { error });
      return { kind: "unreachable", reason: error instanceof Error ? error.message : "the session failed" };
    } finally {
      this.#parts.terminals.lead(undefined);
    }
  }

  #established(publish: (packet: Packet) => void): void {
    const { device, terminals } = this.#parts;
    terminals.lead((frame) => publish(pack("terminal", { device }, frame)));
    this.#connectedAt = this.#parts.time.correctedNow();
    this.#statusFile.changed();
    this.onSession(this.#epoch);
  }

  #hearAddresses(told: readonly string[], inUse: string): void {
    const { log } = this.#parts.env;
    const addresses = addressesAfter(told, this.#set === undefined ? inUse : undefined);
    if (addresses === undefined || addresses.join() === this.#told.join()) return;
    this.#told = addresses;
    log.info("the control plane told its addresses", { addresses: addresses.join(" ") });
    // One that cannot keep them now is told again in every session.
    this.#parts.keepAddresses(addresses).catch((error: unknown) => {
      log.warn("the addresses of the control plane were not written down", { error });
    });
  }
}
