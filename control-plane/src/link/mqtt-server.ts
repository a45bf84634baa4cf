import type { EventEmitter } from "node:events";
import type { AddressInfo, Server } from "node:net";
import { createServer, type TlsOptions, type TLSSocket } from "node:tls";
import { Aedes, type AedesOptions, type Client } from "aedes";
import { limits as protocolLimits } from "@edgemere/protocol";
import { HOUR, MINUTE, Reconciler, SECOND, type Clock, type Log } from "@edgemere/protocol/kit";
import { tlsPolicy } from "../platform/tls-policy.ts";
import type { ServerIdentity } from "./authority.ts";
import { Guard, type GuardLimits } from "./guard.ts";
import { TICKET_LIFE } from "./ticket-keys.ts";

/** What a broker on a listener of its own must decide. */
export type Hooks = Required<
  Pick<AedesOptions, "preConnect" | "authenticate" | "authorizePublish" | "authorizeSubscribe" | "authorizeForward">
> &
  Pick<AedesOptions, "published">;

interface Options {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly server: ServerIdentity;
  /** Who may come, where certificates say who somebody is. */
  readonly clients?: Pick<TlsOptions, "ca" | "requestCert" | "rejectUnauthorized">;
  readonly limits: GuardLimits;
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
}

const HANDSHAKE_TIMEOUT = 10 * SECOND;

/** How many filters a client has subscribed to: aedes knows it, its types do not. */
export const filtersOf = (client: Client): number =>
  Object.keys((client as unknown as { readonly subscriptions: object }).subscriptions).length;

/**
 * aedes behind TLS, run by the rules that keep one peer from harming the others (decisions/0003): no broker-wide
 * concurrency limit, a short drain time-out, no delay, a size limit in front, and an error listener.
 */
export async function startMqttServer(options: Options): Promise<MqttServer> {
  const { name, host, port, server: identity, clients, limits, hooks, clock, log, heartbeatEvery = MINUTE } = options;
  const sockets = new WeakMap<object, TLSSocket>();
  const open = new Set<TLSSocket>();
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
  broker.on("clientError", (client, error) =>
    log.debug("connection ended", { listener: name, client: client.id, error }),
  );
  broker.on("connectionError", (client, error) => {
    log.warn("connection refused", {
      listener: name,
      address: sockets.get(client.conn)?.remoteAddress,
      error: error.message,
    });
  });

  const server = createServer(
    {
      ...clients,
      key: identity.key,
      cert: identity.certificate,
      ticketKeys: identity.ticketKeys,
      // Tickets of one listener are not good for another, and those of before a restart are good after it.
      sessionIdContext: `edgemere ${name}`,
      sessionTimeout: TICKET_LIFE / SECOND,
      ...tlsPolicy,
      handshakeTimeout: HANDSHAKE_TIMEOUT,
      noDelay: true,
      keepAlive: true,
    },
    (socket) => {
      open.add(socket);
      socket.on("close", () => open.delete(socket));
      const guard = new Guard(socket, limits, clock);
      sockets.set(guard, socket);
      broker.handle(guard);
    },
  );
  server.on("tlsClientError", (error, socket) => {
    log.debug("TLS handshake failed", { listener: name, address: socket.remoteAddress, error: error.message });
  });
  await listen(server, host, port);
  server.on("error", (error) => log.error("listener failed", { listener: name, error }));
  const renewing = new Reconciler(
    {
      name: "renew session ticket keys",
      every: HOUR,
      onError: (error) => log.error("loop failed", { loop: "renew session ticket keys", error }),
      step: async () => {
        server.setTicketKeys(await identity.currentTicketKeys());
        return "settled";
      },
    },
    clock,
  );
  renewing.start();

  return {
    broker,
    port: (server.address() as AddressInfo).port,
    socketOf: (client) => sockets.get(client.conn),
    [Symbol.asyncDispose]: async () => {
      await renewing[Symbol.asyncDispose]();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await new Promise<void>((resolve) => broker.close(resolve));
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}

const listen = (server: Server, host: string, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
