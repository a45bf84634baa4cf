import { isStreamName, parseTopic, ProtocolError, topics, type Packet } from "@edgemere/protocol";
import {
  MINUTE,
  pauseBefore,
  Reconciler,
  SECOND,
  type Backoff,
  type Clock,
  type Log,
  type Random,
} from "@edgemere/protocol/kit";
import type { DeviceLink } from "../platform/device-link.ts";
import type { Check } from "../platform/health.ts";
import type { Admit } from "./broker.ts";
import type { Carrier, DeviceMessages } from "./carrier.ts";
import { deedOf } from "./conduct.ts";
import { RollCall } from "./roll-call.ts";

export interface BrokerMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  /** The broker had it before we came. */
  readonly isRetained: boolean;
}

/** One connection to somebody else's broker: made once, never mended. */
export interface BrokerConnection {
  /** Resolves when the broker has it; rejects when the connection is lost before. */
  publish(packet: Packet): Promise<void>;
  /** Resolves with the reason when the connection is over. */
  readonly over: Promise<string>;
}

/** Connects and hears all devices; rejects with what was wrong. The broker's next message is read when `take` resolves. */
export type ConnectToBroker = (
  take: (message: BrokerMessage) => Promise<void>,
  signal: AbortSignal,
) => Promise<BrokerConnection>;

interface Parts {
  readonly link: DeviceMessages & Pick<DeviceLink, "sessions" | "session">;
  readonly admit: Admit;
  /** All that may be there: with each new connection they are asked to say hello. */
  readonly devices: () => AsyncIterable<string>;
  readonly connect: ConnectToBroker;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

const RECONNECT: Backoff = { first: SECOND, longest: 5 * SECOND };
/** A connection that lasted this long was a good one. */
const STABLE_AFTER = MINUTE;
/** An outage this short is nobody's business. */
const TOLD_AFTER = 30 * SECOND;
/** Messages that are being stored; while there are as many, the broker keeps the rest. */
const MOST_UNDER_WAY = 256;
const LOOK_EVERY = 15 * SECOND;

/**
 * Carries the messages of devices that are connected to somebody else's broker, such as Mosquitto. That broker checks the
 * certificates and the topics; it keeps nothing, and nothing that it says is taken for storage.
 */
export function startExternalBroker(parts: Parts): AsyncDisposable & { readonly check: Check } {
  const { link, clock, random, log } = parts;
  const stop = new AbortController();
  const underWay = new UnderWay(MOST_UNDER_WAY);
  let connection: BrokerConnection | undefined;
  let lostAt = clock.monotonic();
  const send = async (packet: Packet) => {
    if (connection === undefined) throw new Error("there is no connection to the broker");
    await connection.publish(packet);
  };
  const rollCall = new RollCall({ link, send, clock });
  const carrier: Carrier = {
    send,
    disconnect: (device, reason) => {
      // The broker holds the connection: here it is not listened to any more before it has said hello again.
      log.info("device disconnected", { device, reason });
      rollCall.forget(device);
    },
  };
  const take = async (message: BrokerMessage, open: Promise<void>): Promise<void> => {
    try {
      // What comes before we can answer waits: a hello that is not answered costs the device its patience.
      await open;
      await receive(message, parts, rollCall);
    } catch (error) {
      // Not acknowledged to the device, which sends it again.
      log.warn("device message not stored", { topic: message.topic, error });
    }
  };

  /** Gives the reason when the connection is over. */
  const session = async (): Promise<string> => {
    let open = () => {};
    const opened = new Promise<void>((resolve) => (open = resolve));
    try {
      connection = await parts.connect((message) => underWay.add(take(message, opened)), stop.signal);
      rollCall.roadChanged();
      link.attach(carrier);
    } finally {
      open();
    }
    const ended = new AbortController();
    log.info("connected to the broker");
    const asking = rollCall
      .askAll(parts.devices(), ended.signal)
      .catch((error: unknown) => log.warn("devices were not asked", { error }));
    const reason = await connection.over;
    connection = undefined;
    lostAt = clock.monotonic();
    rollCall.roadChanged();
    link.attach(undefined);
    ended.abort();
    await asking;
    return reason;
  };
  const run = async (): Promise<void> => {
    for (let attempt = 0; !stop.signal.aborted; attempt++) {
      const since = clock.monotonic();
      const reason = await session().catch((error: unknown) =>
        error instanceof Error ? error.message : String(error),
      );
      if (stop.signal.aborted) return;
      if (clock.monotonic() - since >= STABLE_AFTER) attempt = 0;
      const retryInMs = pauseBefore(attempt, RECONNECT, random);
      log.warn("not connected to the broker", { reason, retryInMs });
      await clock.sleep(retryInMs, stop.signal);
    }
  };
  const name = "look after silent devices";
  const onError = (error: unknown) => log.error("loop failed", { loop: name, error });
  const step = () => rollCall.look().then(() => "settled" as const);
  const watch = new Reconciler({ name, every: LOOK_EVERY, onError, step }, clock);
  watch.start();
  const running = run();

  return {
    check: () =>
      connection === undefined && clock.monotonic() - lostAt >= TOLD_AFTER
        ? { severity: "degraded", reason: "there is no connection to the broker" }
        : undefined,
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await watch[Symbol.asyncDispose]();
      await running;
      await underWay.idle();
    },
  };
}

/** A device without a session is heard only as far as it says hello or goodbye; anything else makes it be asked. */
async function receive(
  { topic, payload, isRetained }: BrokerMessage,
  { link, admit }: Parts,
  rollCall: RollCall,
): Promise<void> {
  const at = parseTopic(topic);
  if (at === undefined || !("device" in at.params) || topics[at.name].way !== "up") return;
  const { device } = at.params;
  const refuse = (why: ProtocolError) => link.refuse(device, why);
  link.conduct.note(device, deedOf(topic));
  if (isRetained) return refuse(new ProtocolError("out-of-range", "retained messages are not taken"));
  if (!isStreamName(at.name) || link.session(device) === undefined) {
    const admission = await admit(device, undefined);
    if (admission.kind === "refused") return refuse(new ProtocolError("not-yours", admission.why));
    // It was there before we were: only its hello tells where it stands.
    if (isStreamName(at.name)) return rollCall.ask(device);
  }
  rollCall.heard(device);
  await link.arrived(device, topic, payload, "");
  // Looked at once more: one that was retired while it came in was not yet among those to be forgotten.
  if (at.name === "hello" && (await admit(device, undefined)).kind === "refused") rollCall.forget(device);
}

/** At most so many promises at a time: who adds one more waits for one of them. */
class UnderWay {
  readonly #room: number;
  readonly #running = new Set<Promise<void>>();

  constructor(room: number) {
    this.#room = room;
  }

  async add(work: Promise<void>): Promise<void> {
    this.#running.add(work);
    void work.finally(() => this.#running.delete(work));
    if (this.#running.size >= this.#room) await Promise.race(this.#running);
  }

  async idle(): Promise<void> {
    await Promise.all(this.#running);
  }
}
