import { randomBytes, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline } from "node:stream/promises";
import { SECOND } from "@edgemere/protocol/kit";
import type { Shown } from "../host-mounts.ts";

const CONNECTIONS = 256;
const WITHIN = 10 * SECOND;

/**
 * Files over HTTP for the program that shows them, on loopback. Any user of the host reaches it, and none gets a byte or a name
 * without a secret that is made anew with each start.
 */
export class MountDoor implements AsyncDisposable {
  readonly authorization = `Bearer ${randomBytes(32).toString("base64url")}`;
  readonly #shown: Pick<Shown, "files" | "read">;
  readonly #server: Server;

  constructor(shown: Pick<Shown, "files" | "read">) {
    this.#shown = shown;
    const limits = { headersTimeout: WITHIN, requestTimeout: WITHIN, maxHeaderSize: 8_192 };
    this.#server = createServer(limits, (request, answer) => void this.#answer(request, answer));
    this.#server.maxConnections = CONNECTIONS;
  }

  /** Gives the address that it hears at. */
  async start(): Promise<string> {
    if (!this.#server.listening)
      await new Promise<void>((resolve, reject) => {
        this.#server.once("error", reject);
        this.#server.listen({ host: "127.0.0.1", port: 0 }, resolve);
      });
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage, answer: ServerResponse): Promise<void> {
    const { files, read } = this.#shown;
    const { method = "", url = "", headers } = request;
    const end = (status: number) => answer.writeHead(status, { "content-length": 0 }).end();
    if (!this.#isKnown(headers.authorization)) return void end(401);
    if (method !== "GET" && method !== "HEAD") return void end(405);
    if (url === "/") return void answer.writeHead(200, { "content-type": "text/html" }).end(listOf(files.keys()));
    const content = files.get(nameIn(url) ?? "");
    if (content === undefined) return void end(404);
    const range = rangeIn(headers.range, content.bytes);
    if (range === undefined) return void end(416);
    const { from, to } = range;
    try {
      // Whether it can be had at all is known before a word is said of it.
      const pieces = method === "HEAD" || from === to ? undefined : read(content, from, to)[Symbol.asyncIterator]();
      const first = await pieces?.next();
      answer.writeHead(headers.range === undefined ? 200 : 206, {
        "content-type": "application/octet-stream",
        "content-length": to - from,
        "accept-ranges": "bytes",
        ...(headers.range !== undefined && { "content-range": `bytes ${from}-${to - 1}/${content.bytes}` }),
      });
      if (pieces === undefined || first === undefined) return void answer.end();
      await pipeline(async function* () {
        for (let next = first; next.done !== true; next = await pieces.next()) yield next.value;
      }, answer);
    } catch {
      // Half an answer is cut off: whoever reads gets an error, and not the end of the file.
      if (answer.headersSent) answer.destroy();
      else end(502);
    }
  }

  #isKnown(said: string | undefined): boolean {
    const [given, own] = [Buffer.from(said ?? ""), Buffer.from(this.authorization)];
    return given.length === own.length && timingSafeEqual(given, own);
  }
}

const listOf = (names: Iterable<string>): string =>
  [...names].map((name) => `<a href="${encodeURIComponent(name)}">_</a>`).join("\n");

function nameIn(url: string): string | undefined {
  try {
    return decodeURIComponent(url.slice(1));
  } catch {
    return undefined;
  }
}

/** Of the one form that there is need for. */
export function rangeIn(
  said: string | undefined,
  bytes: number,
): { readonly from: number; readonly to: number } | undefined {
  if (said === undefined) return { from: 0, to: bytes };
  const [, first = "", last = ""] = /^bytes=(\d{1,15})-(\d{0,15})$/.exec(said) ?? [];
  const [from, to] = [Number(first), last === "" ? bytes : Math.min(bytes, Number(last) + 1)];
  return first !== "" && from < to ? { from, to } : undefined;
}
