import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { Problem } from "../platform/problem.ts";

/** What is no request gets a short answer, if it still listens; `count` is told once of each connection why it was none. */
export function refusingNoise(count: (reason: string) => void) {
  const refused = new WeakSet<Socket>();
  return (error: Error & { code?: string }, socket: Socket): void => {
    const { code = "" } = error;
    // Whoever only left has asked for nothing.
    if (code === "ECONNRESET") return void socket.destroy();
    if (!refused.has(socket)) count(reasonOf(code));
    refused.add(socket);
    if (socket.writable) endWithProblem(socket, "this is not a request that can be read");
    else socket.destroy();
  };
}

/** By the codes of Node's parser, of its deadlines and of OpenSSL. */
function reasonOf(code: string): "too-large" | "too-slow" | "handshake-failed" | "malformed" {
  if (code === "HPE_HEADER_OVERFLOW") return "too-large";
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return "too-slow";
  return /^(ERR_SSL|ERR_TLS|EPROTO)/.test(code) ? "handshake-failed" : "malformed";
}

/** A refusal where there is no reply to send it with. */
export function endWithProblem(socket: Duplex, detail: string): void {
  const body = JSON.stringify(new Problem("invalid-input", detail).toDocument());
  socket.end(
    `HTTP/1.1 400 Bad Request\r\nContent-Type: application/problem+json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
  );
}
