import { STATUS_CODES } from "node:http";
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
    const reason = reasonOf(code);
    if (!refused.has(socket)) count(reason);
    refused.add(socket);
    if (socket.writable) endWithProblem(socket, reason === "too-slow" ? tooSlow : unreadable);
    else socket.destroy();
  };
}

/** By the codes of Node's parser, of its deadlines and of OpenSSL. */
function reasonOf(code: string): "too-large" | "too-slow" | "handshake-failed" | "malformed" {
  if (code === "HPE_HEADER_OVERFLOW") return "too-large";
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return "too-slow";
  return /^(ERR_SSL|ERR_TLS|EPROTO)/.test(code) ? "handshake-failed" : "malformed";
}

const unreadable = new Problem("invalid-input", "this is not a request that can be read");
/** Of a connection that nothing came on, too: its first request may be on the way, and who made that repeats it after 408 and no other status. */
const tooSlow = new Problem("too-slow", "no whole request came in time; ask again");

/** A refusal where there is no reply to send it with. */
export function endWithProblem(socket: Duplex, problem: Problem): void {
  const document = problem.toDocument();
  const body = JSON.stringify(document);
  socket.end(
    `HTTP/1.1 ${document.status} ${STATUS_CODES[document.status] ?? ""}\r\nContent-Type: application/problem+json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
  );
}
