import { X509Certificate } from "node:crypto";
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import type { Trust } from "@edgemere/protocol";
import { MINUTE, SECOND, type Clock, type Log } from "@edgemere/protocol/kit";
import type { TrustedTime } from "../clock/trusted-time.ts";
import type { NeighbourAddress } from "../config-files.ts";
import { HostError } from "../host/host-error.ts";
import type { Arriving, ArrivingFile } from "./arriving.ts";
import type { FileTransfers } from "../host/file-transfers.ts";
import { deviceShown } from "../link/certificate-chain.ts";
import type { Identity } from "../link/identity.ts";
import { certificatesShown } from "../link/verified-tls.ts";
import { askIn, NeighbourRefused, permitted, type NeighbourRefusal } from "./permit.ts";

interface HeldPlace {
  readonly path: string;
  readonly roots: readonly string[];
  readonly bytes: number;
}

export interface GivingParts {
  readonly address: Pick<NeighbourAddress, "host" | "port">;
  /** How fast all neighbours together may fetch. */
  readonly pace: { take(bytes: number, signal: AbortSignal): Promise<void> };
  readonly identity: () => Pick<Identity, "trustDomain" | "rootCertificate" | "key" | "certificate" | "chain">;
  readonly transfers: FileTransfers;
  readonly data: {
    holding(sha256: string): HeldPlace | undefined;
  };
  /** What is on its way into them. */
  readonly arriving: Pick<Arriving, "find">;
  readonly trust: Trust;
  readonly time: () => TrustedTime;
  readonly correctedNow: () => number;
  readonly clock: Clock;
  readonly log: Log;
}

export const CHUNK_PATH = "/edgemere/chunk";
const CONNECTIONS = 32;
const AT_ONCE = 16;
const ASKED_BYTES = 8 * 1024;
const WITHIN = 10 * SECOND;
const STATUS: Readonly<Record<NeighbourRefusal, number>> = {
  stranger: 401,
  malformed: 400,
  "not-permitted": 403,
  expired: 403,
  "not-here": 404,
  "not-yet": 404,
  busy: 503,
};
/** Who asks for what is not here may ask on, by the same connection, and hears whether it is to come. */
const HEADERS: Readonly<Partial<Record<NeighbourRefusal, OutgoingHttpHeaders>>> = {
  "not-here": { "content-length": "0" },
  "not-yet": { "content-length": "0", "retry-after": "1" },
};

/** Gives chunks of what lies in the data sources to devices of this fleet that have the control plane's permit for that content. */
export class Giving implements AsyncDisposable {
  readonly #parts: GivingParts;
  readonly #server: ReturnType<typeof createServer>;
  readonly #stop = new AbortController();
  readonly #told = new Map<NeighbourRefusal, { count: number; at: number }>();
  #certificate: string;
  #open = 0;

  constructor(parts: GivingParts) {
    this.#parts = parts;
    this.#certificate = parts.identity().certificate;
    const handle = (request: IncomingMessage, answer: ServerResponse) => void this.#answer(request, answer);
    const limits = {
      headersTimeout: WITHIN,
      requestTimeout: WITHIN,
      keepAliveTimeout: 2 * WITHIN,
      maxHeaderSize: 8_192,
    };
    // Whoever connects is judged below: by the system's clock alone a host in 1970 knew nobody.
    const doors = { requestCert: true, rejectUnauthorized: false, handshakeTimeout: WITHIN } as const;
    this.#server = createServer({ ...limits, ...doors, ...credentialsOf(parts.identity()) }, handle);
    this.#server.maxConnections = CONNECTIONS;
    this.#server.on("tlsClientError", () => {});
    this.#server.prependListener("connection", () => this.#renew());
  }

  /** Gives the port that it hears at; rejects when nobody can be heard at the address. */
  async start(): Promise<number> {
    const { host, port } = this.#parts.address;
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ host, port }, () => {
        this.#server.off("error", reject);
        this.#server.on("error", (error) => this.#parts.log.warn("neighbours cannot be heard", { error }));
        resolve();
      });
    });
    return (this.#server.address() as AddressInfo).port;
  }

  /** How often somebody was refused, by reason. */
  get refused(): Readonly<Partial<Record<NeighbourRefusal, number>>> {
    return Object.fromEntries([...this.#told].map(([reason, { count }]) => [reason, count]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    if (!this.#server.listening) return;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage, answer: ServerResponse): Promise<void> {
    this.#open += 1;
    try {
      const content = await this.#given(request);
      answer.writeHead(200, { "content-type": "application/octet-stream", "content-length": content.length });
      answer.end(content);
    } catch (error) {
      if (!(error instanceof NeighbourRefused)) this.#parts.log.warn("a neighbour could not be answered", { error });
      const reason = error instanceof NeighbourRefused ? error.reason : "busy";
      this.#count(reason, error);
      if (!answer.headersSent) answer.writeHead(STATUS[reason], HEADERS[reason] ?? { connection: "close" });
      answer.end();
    } finally {
      this.#open -= 1;
    }
  }

  async #given(request: IncomingMessage): Promise<Uint8Array> {
    const { identity, trust, time, correctedNow, data, arriving } = this.#parts;
    const { rootCertificate, trustDomain } = identity();
    const shown = certificatesShown(request.socket as TLSSocket);
    const holder = deviceShown(shown, new X509Certificate(rootCertificate), time());
    if (holder === undefined) throw new NeighbourRefused("stranger", "no device of this fleet is connected");
    if (this.#open > AT_ONCE) throw new NeighbourRefused("busy", "too many ask at once");
    if (request.url !== CHUNK_PATH || request.method !== "POST")
      throw new NeighbourRefused("malformed", "only chunks are given here");
    const { permit, from, limit } = askIn(await bodyOf(request));
    const sha256 = permitted(permit, holder, { trust, trustDomain, now: correctedNow() });
    const place = data.holding(sha256);
    if (place !== undefined) return this.#ofWhole(place, from, limit);
    const coming = arriving.find(sha256);
    if (coming === undefined) throw new NeighbourRefused("not-here", "the content is not here");
    return this.#ofPart(coming, from, limit);
  }

  async #ofWhole(place: HeldPlace, from: number, limit: number): Promise<Uint8Array> {
    if (from + limit > place.bytes) throw new NeighbourRefused("not-here", "the content is not here");
    const { transfers, pace } = this.#parts;
    await pace.take(limit, this.#stop.signal);
    try {
      await using file = await transfers.open(place);
      const content = file.bytes === place.bytes ? await file.read(from, limit) : new Uint8Array();
      if (content.length === limit) return content;
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
    }
    throw new NeighbourRefused("not-here", "the content is not here any more");
  }

  /** Of content that is on its way, what is here: its end may come while this waits. */
  async #ofPart(file: ArrivingFile, from: number, limit: number): Promise<Uint8Array> {
    if (from + limit > file.received) throw new NeighbourRefused("not-yet", "this of the content is not here yet");
    await this.#parts.pace.take(limit, this.#stop.signal);
    const content = await file.read(from, limit).catch(() => undefined);
    if (content?.length === limit) return content;
    throw new NeighbourRefused("not-yet", "the content is being put in its place");
  }

  #renew(): void {
    const own = this.#parts.identity();
    if (own.certificate === this.#certificate) return;
    this.#certificate = own.certificate;
    this.#server.setSecureContext(credentialsOf(own));
  }

  /** Each reason is counted, and told once a minute at most. */
  #count(reason: NeighbourRefusal, error: unknown): void {
    const now = this.#parts.clock.monotonic();
    const before = this.#told.get(reason) ?? { count: 0, at: -Infinity };
    const isTold = now - before.at >= MINUTE;
    this.#told.set(reason, { count: before.count + 1, at: isTold ? now : before.at });
    if (isTold) this.#parts.log.info("a neighbour was refused", { reason, count: before.count + 1, error });
  }
}

const credentialsOf = ({ key, certificate, chain, rootCertificate }: ReturnType<GivingParts["identity"]>) => ({
  key,
  cert: [certificate, ...chain].join("\n"),
  ca: [rootCertificate],
});

async function bodyOf(request: IncomingMessage): Promise<Uint8Array> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > ASKED_BYTES)
      throw new NeighbourRefused("malformed", `what was asked has more than ${ASKED_BYTES} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}
