import type { TLSSocket } from "node:tls";
import { subscriptionsOf, type Packet } from "@edgemere/protocol";
import { SECOND, type Clock } from "@edgemere/protocol/kit";
import { MqttClient, type IClientOptions } from "mqtt";
import { writeToStream } from "mqtt-packet";
import type { IdentitySlots } from "./identity-slots.ts";
import type { Identity } from "./identity.ts";
import { ConnectError, type Connection, type ConnectionEvents, type Transport } from "./transport.ts";
import { connectVerified, placeOf } from "./verified-tls.ts";
import { handshakeBytes, wireBytes } from "./wire-bytes.ts";

interface MqttParts {
  /** Of the device; with which certificate it connects may change from one connection to the next. */
  readonly identity: Identity;
  readonly slots?: Pick<IdentitySlots, "forConnection" | "refused">;
  /** Milliseconds of silence after which a connection that begins now is checked. */
  readonly keepalive: () => number;
  readonly clock: Clock;
}

const CONNECT_WITHIN = 20 * SECOND;
const CLOSE_WITHIN = 2 * SECOND;
const USUAL_PORT = 8883;

/** MQTT 3.1.1 over mutual TLS. The client's own reconnecting and storing are off: the link and the spool do both. */
export function mqttTransport({ identity, slots, keepalive, clock }: MqttParts): Transport {
  // Otherwise the first packet makes a buffer of every number up to 65,535 and keeps them: 7 MB for what an addition gives.
  writeToStream.cacheNumbers = false;
  const options: IClientOptions = {
    protocolVersion: 4,
    clientId: identity.device,
    clean: true,
    reconnectPeriod: 0,
    connectTimeout: CONNECT_WITHIN,
    queueQoSZero: false,
    resubscribe: false,
  };
  // By address. Who resumes a session is who began it, so they are the tickets of one certificate.
  const tickets = new Map<string, Buffer>();
  let holder = "";

  return {
    connect: async ({ address, will: { topic, payload, qos }, time }, events, signal) => {
      const own = slots?.forConnection() ?? identity;
      const door = {
        root: own.rootCertificate,
        patience: CONNECT_WITHIN,
        own: { key: own.key, certificate: [own.certificate, ...own.chain].join("\n") },
      };
      if (own.certificate !== holder) tickets.clear();
      holder = own.certificate;
      const ticket = tickets.get(address);
      let isReached = false;
      try {
        const place = placeOf(address, USUAL_PORT);
        const onTicket = (fresh: Buffer) => tickets.set(address, fresh);
        const onReached = () => (isReached = true);
        const socket = await connectVerified({ ...door, ...place, time, ticket, onTicket, onReached }, signal);
        const will = { topic, payload: Buffer.from(payload), qos, retain: false };
        const client = new MqttClient(() => socket, {
          ...options,
          will,
          keepalive: Math.max(1, Math.ceil(keepalive() / SECOND)),
        });
        const live = new MqttConnection(client, socket, events, clock);
        try {
          await live.opened(signal);
          await live.subscribe(subscriptionsOf(identity.device));
        } catch (error) {
          await live.close();
          throw error;
        }
        return live;
      } catch (error) {
        // It may be what was wrong: the next attempt proves everything anew. Where nobody was it cannot be.
        if (isReached && tickets.get(address) === ticket) tickets.delete(address);
        const failure = error instanceof ConnectError ? error : connectErrorOf(error, address);
        if (failure.kind === "refused") slots?.refused();
        throw failure;
      }
    },
  };
}

class MqttConnection implements Connection {
  readonly #client: MqttClient;
  readonly #socket: TLSSocket;
  readonly #clock: Clock;
  /** Told when the connection is over: the client forgets some of the callbacks it was given. */
  readonly #waiting = new Set<(error: Error) => void>();
  #failure: Error | undefined;
  #refusedTopics: readonly string[] = [];
  #isOpen = false;
  /** Bytes that were counted. */
  #moved = 0;
  #isOver = false;

  constructor(client: MqttClient, socket: TLSSocket, events: ConnectionEvents, clock: Clock) {
    this.#client = client;
    this.#socket = socket;
    this.#clock = clock;
    const lost = (error: Error) => {
      if (this.#isOver) return;
      this.#isOver = true;
      this.#fail(error);
      if (this.#isOpen) events.lost(error.message);
    };
    client.on("error", lost);
    client.on("close", () => lost(new Error("the broker closed the connection")));
    events.moved?.(handshakeBytes(socket.isSessionReused()));
    const moved = () => this.#count(events);
    client.on("packetsend", moved);
    client.on("packetreceive", moved);
    client.on("close", moved);
    client.on("message", (topic, payload) => {
      if (!this.#isOver) events.arrived(topic, payload);
    });
  }

  /** Whatever has gone either way since the last time is taken for one packet. */
  #count(events: ConnectionEvents): void {
    const bytes = this.#socket.bytesRead + this.#socket.bytesWritten;
    if (bytes > this.#moved) events.moved?.(wireBytes(bytes - this.#moved));
    this.#moved = Math.max(this.#moved, bytes);
  }

  async opened(signal: AbortSignal): Promise<void> {
    const aborted = () => this.#fail(new ConnectError("unreachable", "the agent is stopping"));
    signal.addEventListener("abort", aborted);
    if (signal.aborted) aborted();
    try {
      const connected = new Promise<void>((resolve) => this.#client.once("connect", () => resolve()));
      await this.#untilOver(connected);
    } finally {
      signal.removeEventListener("abort", aborted);
    }
  }

  async subscribe(filters: readonly string[]): Promise<void> {
    try {
      await this.#untilOver(this.#client.subscribeAsync([...filters], { qos: 1 }));
    } catch (error) {
      const granted = grantedIn(error);
      if (granted === undefined) throw error;
      // A device that cannot hear everything can still say so.
      this.#refusedTopics = filters.filter((_, index) => (granted[index] ?? REFUSED_FILTER) >= REFUSED_FILTER);
    }
    this.#isOpen = true;
  }

  get refusedTopics(): readonly string[] {
    return this.#refusedTopics;
  }

  async publish({ topic, payload, qos }: Packet): Promise<void> {
    await this.#untilOver(this.#client.publishAsync(topic, Buffer.from(payload), { qos }));
  }

  async close(): Promise<void> {
    if (this.#isOver) {
      this.#client.end(true);
      return;
    }
    this.#isOver = true;
    this.#fail(new Error("the connection was closed"));
    const ended = new AbortController();
    // It waits for what is under way, which may never be answered.
    const end = new Promise<void>((resolve) => this.#client.end(false, {}, () => resolve()));
    await Promise.race([end, this.#clock.sleep(CLOSE_WITHIN, ended.signal)]);
    ended.abort();
    this.#socket.destroy();
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const reject of this.#waiting) reject(error);
  }

  /** Not Promise.race: each race would stay in memory as long as the connection lasts, and that may be months. */
  #untilOver<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) reject(this.#failure);
      this.#waiting.add(reject);
      void work.then(resolve, reject).finally(() => this.#waiting.delete(reject));
    });
  }
}

// SUBACK: failure.
const REFUSED_FILTER = 128;

/** What a SUBACK that refuses something says of each filter; undefined when the error is another one. */
function grantedIn(error: unknown): readonly number[] | undefined {
  if (!(error instanceof Error) || !("packet" in error)) return undefined;
  const { packet } = error as { readonly packet?: { readonly granted?: readonly number[] } };
  return packet?.granted;
}

// CONNACK: wrong protocol version, identifier rejected, bad user name or password, not authorised.
const REFUSALS = new Set<unknown>([1, 2, 4, 5]);
// CONNACK: server unavailable.
const BUSY = 3;

/** Whether the broker does not want this device, or there was no broker of ours to ask. */
function connectErrorOf(cause: unknown, address: string): ConnectError {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  const message = cause instanceof Error ? cause.message : String(cause);
  const isAlert = typeof code === "string" && /ALERT_(CERTIFICATE|BAD_CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED)/.test(code);
  if (REFUSALS.has(code)) return new ConnectError("refused", `the broker refused this device: ${message}`, { cause });
  if (code === BUSY) return new ConnectError("busy", "the broker takes no more devices at the moment", { cause });
  if (isAlert) return new ConnectError("refused", "the broker refused this device's certificate", { cause });
  return new ConnectError("unreachable", `no connection to the broker at ${address}: ${message || String(code)}`, {
    cause,
  });
}
