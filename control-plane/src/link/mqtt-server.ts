import type { EventEmitter } from "node:events";
import type { SecureContextOptions, TlsOptions, TLSSocket } from "node:tls";
import { Aedes, type AedesOptions, type Client } from "aedes";
import { limits as protocolLimits, ProtocolError } from "@edgemere/protocol";
import { MINUTE, SECOND, type Clock, type Log } from "@edgemere/protocol/kit";
import { startRenewal } from "../platform/certificate-renewal.ts";
import { TICKET_LIFE, tlsPolicy } from "../platform/tls-policy.ts";
import type { ServerIdentity } from "./authority.ts";
import { HANDSHAKE_TIMEOUT, openEntrance } from "./entrance.ts";
import { Guard, type Pace, type Watch } from "./guard.ts";
import { GuardRefusal, type PacketLimits } from "./packet-sizes.ts";
import type { Refusal } from "./refusals.ts";

/** What a broker on a listener of its own must decide. */
export type Hooks = Required<
  Pick<AedesOptions, "preConnect" | "authenticate" | "authorizePublish" | "authorizeSubscribe" | "authorizeForward">
> &
  Pick<AedesOptions, "published">;

/** How what a peer sends is read. */
interface Treatment {
  readonly pace: Pace;
  /** Who looks at it as it is read; nobody when absent. */
  readonly watch?: Watch;
}

interface Options {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly server: ServerIdentity;
  /** Who may come, where certificates say who somebody is. */
  readonly clients?: Pick<TlsOptions, "ca" | "requestCert" | "rejectUnauthorized">;
  readonly limits: PacketLimits;
  /** Told of a peer once it is known by its certificate or has none. */
  readonly entered: (socket: TLSSocket) => Treatment;
  /** Told of what was refused before or instead of being handled; `client` where there was one. */
  readonly refused: (refusal: Refusal, client?: Client) => void;
  readonly hooks: Hooks;
  readonly clock: Clock;
  readonly log: Log;
  /** Between two signs of life of the broker; every fourth looks for wills of brokers that are gone. Default: a minute. */
  readonly heartbeatEvery?: number;
}

export interface MqttServer extends AsyncDisposable {
  readonly broker: Aedes;
  readonly port: number;
  /** The TLS socket under a client. */
  socketOf(client: Client): TLSSocket | undefined;
  /** Lets those who come from where this client is in slowly for a while. */
  hold(client: Client): void;
}

/** Return code of CONNACK (MQTT 3.1.1, 3.2.2.3). */
export const SERVER_UNAVAILABLE = 3;
/** What aedes says of connections that only ended. */
const NOT_THEIR_FAULT: ReadonlySet<string> = new Set(["keep alive timeout", "drain timeout", "connection closed"]);

/** What went wrong on our side while a message was taken: not the fault of who sent it. */
export class NotTaken extends Error {}

/** By filter: aedes knows it, its types do not. */
const subscriptionsOf = (client: Client) =>
  (client as unknown as { readonly subscriptions: Readonly<Record<string, unknown>> }).subscriptions;

/** How many filters a client has subscribed to. */
export const filtersOf = (client: Client): number => Object.keys(subscriptionsOf(client)).length;

/** Whether a client has subscribed to a topic by all of its name. */
export const hears = (client: Client, topic: string): boolean => subscriptionsOf(client)[topic] !== undefined;

/**
 * aedes behind TLS, run by the rules that keep one peer from harming the others (decisions/0003): no broker-wide
 * concurrency limit, a short drain time-out, no delay, a size limit in front, and an error listener.
 */
export async function startMqttServer(options: Options): Promise<MqttServer> {
  const {
    name,
    server: identity,
    clients,
    limits,
    entered,
    refused,
    hooks,
    clock,
    log,
    heartbeatEvery = MINUTE,
  } = options;
  const sockets = new WeakMap<object, TLSSocket>();
  const broker = await Aedes.createBroker({
    id: name,
    concurrency: 0,
    heartbeatInterval: heartbeatEvery,
    drainTimeout: 5 * SECOND,
    connectTimeout: HANDSHAKE_TIMEOUT,
    keepaliveLimit: protocolLimits.keepalive / SECOND,
    maxClientsIdLength: 128,
    ...hooks,
  });
  (broker as EventEmitter).on("error", (error: unknown) => log.error("broker failed", { listener: name, error }));
  const socketOf = (client: Client) => sockets.get(client.conn);
  const failed = (client: Client, error: Error) => {
    const refusal = refusalOf(error);
    if (refusal !== undefined) refused(refusal, client);
  };
  broker.on("clientError", (client, error) => {
    log.debug("connection ended", { listener: name, client: client.id, error });
    failed(client, error);
  });
  broker.on("connectionError", (client, error) => {
    log.warn("connection refused", { listener: name, address: socketOf(client)?.remoteAddress, error: error.message });
    failed(client, error);
  });

  const lasting: SecureContextOptions = {
    ...clients,
    // Tickets of one listener are not good for another, and those of before a restart are good after it.
    sessionIdContext: `edgemere ${name}`,
    sessionTimeout: TICKET_LIFE / SECOND,
    ...tlsPolicy,
  };
  const entrance = await openEntrance({
    ...options,
    tls: {
      ...lasting,
      key: identity.key,
      cert: identity.certificate,
      ticketKeys: identity.ticketKeys,
    },
    entered: (socket) => {
      const guard = new Guard(socket, { ...entered(socket), limits, clock });
      sockets.set(guard, socket);
      broker.handle(guard);
    },
  });
  broker.on("clientReady", (client) => {
    const socket = socketOf(client);
    if (socket !== undefined) entrance.known(socket);
  });
  const renewal = startRenewal({
    name: "renew certificate and session ticket keys",
    first: identity,
    current: () => identity.current(),
    show: ({ key, certificate, ticketKeys }, isNew) => {
      if (isNew) entrance.setIdentity({ ...lasting, key, cert: certificate });
      entrance.setTicketKeys(ticketKeys);
    },
    clock,
    log,
  });

  return {
    broker,
    port: entrance.port,
    socketOf,
    hold: (client) => entrance.hold(socketOf(client)?.remoteAddress ?? ""),
    [Symbol.asyncDispose]: async () => {
      await renewal[Symbol.asyncDispose]();
      // What was said last leaves at the end of its turn.
      // oxlint-disable-next-line no-restricted-globals -- the end of this turn: no time passes
      await new Promise((resolve) => setImmediate(resolve));
      const closed = new Promise<void>((resolve) => broker.close(resolve));
      await Promise.all([closed, entrance[Symbol.asyncDispose]()]);
    },
  };
}

/** Of what ended a connection: networks that failed, our own faults and what was counted already give nothing. */
function refusalOf(error: Error): Refusal | undefined {
  if (error instanceof GuardRefusal) return error;
  if (error instanceof ProtocolError || error instanceof NotTaken || "code" in error) return undefined;
  if ("errorCode" in error)
    return error.errorCode === SERVER_UNAVAILABLE ? undefined : { reason: "not-admitted", message: error.message };
  return NOT_THEIR_FAULT.has(error.message) ? undefined : new ProtocolError("malformed", error.message);
}
