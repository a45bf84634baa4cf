import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type SecureContextOptions, type TlsOptions, type TLSSocket } from "node:tls";
import { SECOND, type Clock, type Log } from "@edgemere/protocol/kit";
import { Door } from "./door.ts";
import type { Refusal } from "./refusals.ts";

/** Until a peer must have shown who it is: TLS, and then its CONNECT. */
export const HANDSHAKE_TIMEOUT = 10 * SECOND;
const BUSY: Refusal = { reason: "too-many", message: "more connections are tried than can be let in now" };

interface Options {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly tls: TlsOptions;
  /** A peer has come through the handshake. It is a stranger until `known`. */
  readonly entered: (socket: TLSSocket) => void;
  readonly refused: (refusal: Refusal) => void;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Entrance extends AsyncDisposable {
  readonly port: number;
  /** A peer has said who it is, and is believed. */
  known(socket: TLSSocket): void;
  /** Lets those who come from there in slowly for a while. */
  hold(address: string): void;
  /** What is shown from the next handshake on. */
  setIdentity(identity: SecureContextOptions): void;
  setTicketKeys(keys: Buffer): void;
}

/** A TLS listener that lets strangers in as far and as fast as its door allows: who must wait is not even greeted. */
export async function openEntrance(options: Options): Promise<Entrance> {
  const { name, host, port, tls, entered, refused, clock, log } = options;
  const door = new Door();
  const open = new Set<Socket>();
  const strangers = new Map<string, () => void>();
  const handshakes = createTlsServer({ ...tls, handshakeTimeout: HANDSHAKE_TIMEOUT }, entered);
  handshakes.on("tlsClientError", (error, socket) => {
    log.debug("TLS handshake failed", { listener: name, address: socket.remoteAddress, error: error.message });
    refused({ reason: "handshake-failed", message: error.message });
  });

  const letIn = async (socket: Socket): Promise<void> => {
    const closed = new AbortController();
    const { remoteAddress: address = "" } = socket;
    const [end, wait] = [endOf(socket), door.knock(address, clock.monotonic())];
    // Until TLS listens itself.
    socket.on("error", () => socket.destroy());
    if (wait === undefined) {
      socket.destroy();
      return refused(BUSY);
    }
    const known = () => {
      if (strangers.delete(end)) door.known(address);
    };
    open.add(socket);
    strangers.set(end, known);
    socket.on("close", () => {
      closed.abort();
      open.delete(socket);
      known();
    });
    if (wait > 0) await clock.sleep(wait, closed.signal);
    if (!socket.destroyed) handshakes.emit("connection", socket);
  };
  const server = createServer({ noDelay: true, keepAlive: true }, (socket) => void letIn(socket));
  await listen(server, host, port);
  server.on("error", (error) => log.error("listener failed", { listener: name, error }));

  return {
    port: (server.address() as AddressInfo).port,
    known: (socket) => strangers.get(endOf(socket))?.(),
    hold: (address) => door.hold(address, clock.monotonic()),
    setIdentity: (identity) => handshakes.setSecureContext(identity),
    setTicketKeys: (keys) => handshakes.setTicketKeys(keys),
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}

/** The far end of a connection: the same for a socket and for TLS on it. */
const endOf = ({ remoteAddress = "", remotePort = 0 }: Socket): string => `${remoteAddress} ${remotePort}`;

const listen = (server: Server, host: string, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
