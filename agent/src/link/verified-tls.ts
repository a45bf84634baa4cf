import { X509Certificate } from "node:crypto";
import { connect, type DetailedPeerCertificate, type TLSSocket } from "node:tls";
import { SERVER_NAME } from "@edgemere/protocol";
import type { TrustedTime } from "../clock/trusted-time.ts";
import { objectionTo } from "./certificate-chain.ts";

export interface Door {
  readonly host: string;
  readonly port: number;
  /** PEM: the one certificate that is trusted. */
  readonly root: string;
  readonly time: TrustedTime;
  /** Longest silence until the connection stands, milliseconds. */
  readonly patience: number;
  /** PEM: who this device is; an enrolling one is nobody yet. */
  readonly own?: { readonly key: string; readonly certificate: string };
  /** Of an earlier connection through the same door. */
  readonly ticket?: Buffer | undefined;
  /** Told the newest ticket of this connection. */
  readonly onTicket?: (ticket: Buffer) => void;
  /** Told when somebody is there, whoever it is. */
  readonly onReached?: () => void;
}

// What TLS says of dates, judged by a clock that may be wrong.
const DATE_ERRORS = new Set<unknown>(["CERT_NOT_YET_VALID", "CERT_HAS_EXPIRED"]);

/** A TLS connection to the control plane and nobody else; nothing was sent on it yet. Rejects when whoever answers is not the control plane. */
export function connectVerified(door: Door, signal: AbortSignal): Promise<TLSSocket> {
  const { host, port, root, own, patience, ticket, onTicket, onReached } = door;
  return new Promise((resolve, reject) => {
    const socket = connect({
      host,
      port,
      ca: [root],
      servername: SERVER_NAME,
      // Judged below, and before anything is written: by the system's clock alone a host in 1970 never came back.
      rejectUnauthorized: false,
      timeout: patience,
      ...(own && { key: own.key, cert: own.certificate }),
      ...(ticket && { session: ticket }),
    });
    // What is small and urgent, such as a result after the answer to its command, would wait for the other side to acknowledge the piece before.
    socket.setNoDelay(true);
    const fail = (cause: Error) => {
      signal.removeEventListener("abort", aborted);
      socket.destroy();
      reject(cause);
    };
    const aborted = () => fail(new Error("it was stopped"));
    signal.addEventListener("abort", aborted, { once: true });
    if (signal.aborted) return aborted();
    socket.once("error", fail);
    const hungUp = () => fail(new Error("it hung up"));
    socket.once("close", hungUp);
    const silent = () => fail(new Error("it does not answer"));
    socket.once("timeout", silent);
    if (onReached) socket.once("connect", onReached);
    if (onTicket) socket.on("session", (fresh: Buffer) => socket.authorized && onTicket(fresh));
    socket.once("secureConnect", () => {
      const why = objection(socket, door);
      if (why !== undefined) return fail(new Error(`what answers there is not this device's control plane: ${why}`));
      signal.removeEventListener("abort", aborted);
      socket.setTimeout(0);
      socket.off("timeout", silent);
      socket.off("close", hungUp);
      socket.off("error", fail);
      resolve(socket);
    });
  });
}

function objection(socket: TLSSocket, { root, time }: Door): string | undefined {
  // Its type is a lie: this is a code, or a message where there is no code.
  const error: unknown = socket.authorizationError;
  if (socket.authorized && time.isSystemClockUsable) return undefined;
  if (!socket.authorized && !DATE_ERRORS.has(error)) return String(error);
  return objectionTo(certificatesShown(socket), new X509Certificate(root), time);
}

/** What the other side showed, its own certificate first. */
export function certificatesShown(socket: TLSSocket): readonly X509Certificate[] {
  const chain: X509Certificate[] = [];
  const leaf = socket.getPeerCertificate(true);
  // A self-signed certificate is its own issuer: there the chain ends.
  for (let each: DetailedPeerCertificate | undefined = leaf; each?.raw; each = each.issuerCertificate) {
    const certificate = new X509Certificate(each.raw);
    if (chain.some(({ raw }) => raw.equals(certificate.raw))) break;
    chain.push(certificate);
  }
  return chain;
}

/** Host and port of an address. */
export function placeOf(address: string, usualPort: number): { readonly host: string; readonly port: number } {
  const { hostname, port } = new URL(address);
  // An IPv6 address stands in brackets in a URL and nowhere else.
  return { host: hostname.replaceAll(/^\[|\]$/g, ""), port: Number(port || usualPort) };
}
