import type { PeerCertificate, TLSSocket } from "node:tls";
import { serialOf } from "./serial-number.ts";

/** What matters of the certificate that a peer has shown. */
export interface ShownCertificate {
  /** Whose it is, by its common name. */
  readonly holder: string;
  readonly serial: string;
  /** The instant at which it ends. */
  readonly notAfter: number;
}

/** Of a connection that stands: one that has ended cannot tell any more. Undefined also where nobody is named. */
export function shownBy(socket: TLSSocket): ShownCertificate | undefined {
  // Null when the socket has ended, whatever its type says.
  const certificate = socket.getPeerCertificate() as PeerCertificate | null;
  const holder: unknown = certificate?.subject?.CN;
  if (certificate === null || typeof holder !== "string") return undefined;
  // oxlint-disable-next-line no-restricted-globals -- a written date is read, no clock is asked
  return { holder, serial: serialOf(certificate.serialNumber), notAfter: Date.parse(certificate.valid_to) };
}
