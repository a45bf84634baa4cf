import { isStreamName, pack, ProtocolError, type Ack, type Arrival, type Packet, type Sync } from "@edgemere/protocol";
import { aborted, MINUTE, SECOND } from "@edgemere/protocol/kit";
import { Alarm } from "./alarm.ts";
import { Conditions, conditionsOf } from "./conditions.ts";
import { contradictedBy } from "./contradicted.ts";
import { helloOf } from "./hello.ts";
import { Inbox } from "./inbox.ts";
import { Sender } from "./sender.ts";
import type { SessionParts } from "./session-parts.ts";
import type { Connection } from "./transport.ts";

/** How a session ended: refused when the other side made clear that it is no use to come back soon. */
export interface SessionEnd {
  readonly kind: "lost" | "refused";
  readonly reason: string;
  /** How long the control plane and this device understood each other, milliseconds. */
  readonly lasted: number;
  /** When many lost their session with this one, they come back within this, each at a moment of its own. */
  readonly spread: number;
}

/** Longest silence after something that must be answered. */
const ANSWER_WITHIN = 30 * SECOND;
const ASK_AGAIN_AFTER = 30 * SECOND;
const LAST_WORDS = 2 * SECOND;
const REASON_LENGTH = 200;
/** The session number of a Sync that answers no Hello and asks for one. */
const ASKS_WHO_IS_THERE = 0;
const HELLO_AT_MOST_EVERY = 5 * SECOND;
// Nobody is told to stay away for long.
const LARGEST_SPREAD = 10 * MINUTE;

/** One connection, from Hello to its end. Everything that must outlive it is in the spool and the journal. */
export class Session {
  readonly #parts: SessionParts;
  readonly #epoch: number;
  readonly #ended = new AbortController();
  readonly #alarm: Alarm;
  readonly #conditions: Conditions;
  readonly #inbox: Inbox;
  #connection: Connection | undefined;
  #sender: Sender | undefined;
  /** When the hello was said that is not answered yet, on the monotonic clock. */
  #helloAt: number | undefined;
  #saidHelloAt = 0;
  #openedAt = 0;
  /** When to say hello once more, because something of what came could not be done. */
  #askAgainAt: number | undefined;
  #establishedAt: number | undefined;
  #spread = 0;
  #kind: SessionEnd["kind"] = "lost";
  /** What the control plane has been told of: streams of which other records are kept here than it has stored. */
  #contradicted: readonly string[] = [];

  constructor(parts: SessionParts, epoch: number) {
    this.#parts = parts;
    this.#epoch = epoch;
    this.#alarm = new Alarm(parts.env.clock, () => this.#look());
    const { spool: outbox, onConditions: onChange, env } = parts;
    this.#inbox = new Inbox({
      log: env.log,
      handle: (arrival) => this.#handle(arrival),
      failed: () => this.#askAgain(),
      refused: (topic, { reason, message }) =>
        parts.alerts.tell("untrusted-message", `${topic}: ${reason}: ${message}`, `${topic} ${reason}`),
      full: () => this.#end("the control plane says more than can be heard"),
      signal: this.#ended.signal,
    });
    this.#conditions = new Conditions({ now: () => this.conditions(), outbox, log: env.log, onChange });
  }

  /** The control plane has answered, and nothing has ended the session yet. */
  get isEstablished(): boolean {
    return this.#sender !== undefined && !this.#ended.signal.aborted;
  }

  /** Ends it, to begin another. */
  leave(reason: string): void {
    this.#end(reason);
  }

  /** There is something new to send. */
  kick(): void {
    this.#sender?.kick();
  }

  /** What is wrong with this agent now, in stable words. */
  conditions(): readonly string[] {
    return [...conditionsOf(this.#parts), ...(this.#refusedTopics.length > 0 ? ["cannot-receive"] : [])];
  }

  /** Resolves when the session has ended; throws ConnectError when there never was one. */
  async run(stop: AbortSignal): Promise<SessionEnd> {
    const { transport, address, device, env, time } = this.#parts;
    const will = pack("bye", { device }, { sessionEpoch: this.#epoch, reason: "connection lost" });
    const events = {
      arrived: (topic: string, payload: Uint8Array) => this.#inbox.take(topic, payload),
      lost: (reason: string) => this.#end(reason),
    };
    const connection = await transport.connect({ address, will, time: time.trustedTime() }, events, stop);
    this.#connection = connection;
    this.#openedAt = env.clock.monotonic();
    const stopped = () => this.#end("stopped");
    stop.addEventListener("abort", stopped);
    try {
      if (stop.aborted) stopped();
      if (this.#refusedTopics.length > 0)
        env.log.warn("the broker does not let this device hear", { topics: this.#refusedTopics.join(" ") });
      void this.#hello();
      await aborted(this.#ended.signal);
      // Whoever is heard and cannot hear would look as if it were there: a broker may refuse that without a word.
      if (stop.aborted || this.#sender === undefined) await this.#sayGoodbye(connection);
    } finally {
      stop.removeEventListener("abort", stopped);
      await connection.close();
      this.#alarm[Symbol.dispose]();
      await this.#sender?.[Symbol.asyncDispose]();
      await this.#inbox.idle();
    }
    const lasted = this.#establishedAt === undefined ? 0 : env.clock.monotonic() - this.#establishedAt;
    return { kind: this.#kind, reason: this.#ended.signal.reason as string, lasted, spread: this.#spread };
  }

  get #refusedTopics(): readonly string[] {
    return this.#connection?.refusedTopics ?? [];
  }

  #end(reason: string, kind: SessionEnd["kind"] = "lost"): void {
    if (this.#ended.signal.aborted) return;
    this.#kind = kind;
    this.#ended.abort(reason);
  }

  async #hello(): Promise<void> {
    const { env, device } = this.#parts;
    try {
      this.#helloAt = env.clock.monotonic();
      this.#saidHelloAt = this.#helloAt;
      this.#alarm.set(this.#helloAt + ANSWER_WITHIN);
      const said = helloOf(this.#parts, this.#epoch, this.#conditions.list(), this.#contradicted);
      await this.#publish(pack("hello", { device }, said));
    } catch (error) {
      this.#end(messageOf(error));
    }
  }

  async #publish(packet: Packet): Promise<void> {
    try {
      await this.#connection?.publish(packet);
    } catch (error) {
      this.#end(messageOf(error));
    }
  }

  async #sayGoodbye(connection: Connection): Promise<void> {
    const { device, env } = this.#parts;
    const why = this.#ended.signal.reason as string;
    const bye = pack("bye", { device }, { sessionEpoch: this.#epoch, reason: why.slice(0, REASON_LENGTH) });
    const said = new AbortController();
    await Promise.race([connection.publish(bye).catch(() => {}), env.clock.sleep(LAST_WORDS, said.signal)]);
    said.abort();
  }

  #askAgain(within = ASK_AGAIN_AFTER): void {
    this.#askAgainAt = Math.min(this.#askAgainAt ?? Infinity, this.#parts.env.clock.monotonic() + within);
    this.#alarm.set(this.#askAgainAt);
  }

  async #handle(arrival: Arrival): Promise<void> {
    const { name, device, message } = arrival;
    if (device !== this.#parts.device) throw new ProtocolError("not-yours", "the message is for another device");
    if (name === "sync") return this.#sync(message);
    if (name === "ack") return this.#acknowledge(message);
    if (name === "keystrokes") return this.#parts.terminals.arrived(message);
    if (name === "command") return this.#parts.duty.receive([message]);
    throw new ProtocolError("wrong-direction", `${name} is not for a device to hear`);
  }

  async #sync(sync: Sync): Promise<void> {
    const { duty, keyring, device } = this.#parts;
    if (sync.sessionEpoch === ASKS_WHO_IS_THERE) return this.#answerWhoIsThere();
    // A late answer to an earlier session knows less than is known here.
    if (sync.sessionEpoch !== this.#epoch) return;
    const head = await keyring.hear(sync);
    if (head.device !== device) throw new ProtocolError("not-yours", "the head of this sync is for another device");
    if (!(await duty.hear(head.generation)))
      return this.#end("an outdated copy of the control plane answers: a newer one has been heard", "refused");
    // What is withheld from a device that nobody says anything to would go unnoticed.
    if (keyring.isBehind) this.#askAgain();
    this.#askAgain(keyring.headEvery);
    await this.#parts.witness.hear(head.auditHead);
    this.#hearTime(sync, head.asOfMs);
    if (head.retired) {
      this.#parts.onRetired?.();
      return this.#end("this device was retired", "refused");
    }
    if (head.renew) this.#parts.renewal?.demanded();
    this.#parts.onAddresses(head.brokerAddresses);
    if (this.#sender === undefined && (await this.#contradicts(sync))) return this.#hello();
    const answered = this.#parts.env.clock.monotonic() - (this.#helloAt ?? Infinity);
    this.#helloAt = undefined;
    this.#spread = Math.min(sync.limits?.reconnectSpreadMs ?? 0, LARGEST_SPREAD);
    if (this.#sender === undefined) await this.#established(sync, Math.max(0, answered));
    else await this.#sender.acknowledge(sync.acknowledgements);
    this.#sender?.allow(sync.limits);
    this.#sender?.start();

    const before = duty.status().highSequence;
    if (sync.commands.length > 0) await duty.receive(sync.commands);
    if (head.cancelledCommands.length > 0) await duty.cancel(head.cancelledCommands);
    // Asked for only when this page was of use; otherwise the control plane sends a new Sync by itself.
    if (sync.moreCommands && duty.status().highSequence > before) await this.#hello();
  }

  /**
   * Behind somebody else's broker a control plane that was started anew knows nothing of this session, and a hello that was said
   * while it was away got lost.
   */
  async #answerWhoIsThere(): Promise<void> {
    const left = this.#saidHelloAt + HELLO_AT_MOST_EVERY - this.#parts.env.clock.monotonic();
    if (left <= 0) return this.#hello();
    this.#askAgain(left);
  }

  /** With its records acknowledged, nobody would ever know that a device has others than are stored: it says so first, once. */
  async #contradicts({ acknowledgements }: Sync): Promise<boolean> {
    if (this.#contradicted.length > 0) return false;
    this.#contradicted = await contradictedBy(acknowledgements, this.#parts.spool);
    return this.#contradicted.length > 0;
  }

  /** What is known to be stored is forgotten before anything is sent. */
  async #established({ acknowledgements }: Sync, answered: number): Promise<void> {
    const { env, spool, time, device, address } = this.#parts;
    for (const { stream = "", upTo = 0 } of acknowledgements)
      if (isStreamName(stream)) await spool.acknowledge(stream, upTo);
    // Over meanwhile: nobody would stop what sends.
    if (this.#ended.signal.aborted) return;
    const own = {
      publish: (packet: Packet) => this.#publish(packet),
      end: (reason: string) => this.#end(reason),
      settled: () => this.#conditions.tellChanges(),
      signal: this.#ended.signal,
    };
    this.#sender = new Sender({ env, spool, time, device, epoch: this.#epoch, ...own }, answered);
    this.#establishedAt = env.clock.monotonic();
    env.log.info("connected", { epoch: this.#epoch, address });
    await this.#parts.renewal?.established();
    this.#parts.onEstablished((packet) => void this.#publish(packet));
  }

  async #acknowledge({ acknowledgements, serverTimeMs, unknownSchemas }: Ack): Promise<void> {
    const askedAt = await this.#sender?.acknowledge(acknowledgements, unknownSchemas);
    if (askedAt !== undefined && serverTimeMs > 0)
      this.#parts.time.hear({ serverMs: serverTimeMs, askedAt, isSigned: false });
  }

  #hearTime({ helloMonotonicMs }: Sync, serverMs: number): void {
    const { time, env } = this.#parts;
    const now = env.clock.monotonic();
    const isAnswer = helloMonotonicMs >= this.#openedAt && helloMonotonicMs <= now;
    // One that does not say which hello it answers can only be the answer to one of this session.
    const askedAt = isAnswer ? helloMonotonicMs : this.#helloAt === undefined ? undefined : this.#openedAt;
    time.hear({ serverMs, askedAt, isSigned: true });
  }

  #look(): void {
    const now = this.#parts.env.clock.monotonic();
    if (this.#helloAt !== undefined && now - this.#helloAt >= ANSWER_WITHIN) {
      if (this.#refusedTopics.length === 0) return this.#end("the control plane did not answer the hello");
      return this.#end("the broker does not let this device hear the control plane", "refused");
    }
    if (this.#askAgainAt !== undefined && now >= this.#askAgainAt) {
      this.#askAgainAt = undefined;
      void this.#hello();
    }
    this.#alarm.set(Math.min((this.#helloAt ?? Infinity) + ANSWER_WITHIN, this.#askAgainAt ?? Infinity));
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
