import { Agent, request } from "node:https";
import type { Duplex } from "node:stream";
import { limits } from "@edgemere/protocol";
import { SECOND } from "@edgemere/protocol/kit";
import type { TrustedTime } from "../clock/trusted-time.ts";
import {
  ContentLater,
  ContentRefused,
  type ContentRoad,
  type NeighboursAnswer,
  type PieceAnswer,
  type SentPiece,
} from "./content-road.ts";
import type { Identity } from "./identity.ts";
import { connectVerified, placeOf } from "./verified-tls.ts";
import { wireBytes } from "./wire-bytes.ts";

interface Parts {
  /** Who this device is now: its certificate is renewed from time to time. */
  readonly identity: () => Pick<Identity, "server" | "rootCertificate" | "key" | "certificate" | "chain">;
  readonly time: () => TrustedTime;
  /** Told the bytes that every answer cost, as far as they can be reckoned. */
  readonly moved: (bytes: number) => void;
}

const PATHS = {
  fetch: "/edgemere/cpl/dm/file/fetch",
  chunks: "/edgemere/cpl/dm/file/chunks",
  neighbours: "/edgemere/cpl/dm/file/neighbours",
  offer: "/edgemere/cpl/dm/file/offer",
  send: "/edgemere/cpl/dm/file/send",
} as const;
const USUAL_PORT = 443;
const ANSWER_WITHIN = 30 * SECOND;
// The connection is kept between two pieces, and not for longer than a proxy would.
const IDLE = 20 * SECOND;
const LARGEST_WORDS = 64 * 1024;
const HEADERS = 500;
/** Refusals that another time would be none: too many requests, a failure over there, no room at the moment, not there at the moment. */
const LATER = new Set([408, 429, 500, 502, 503, 504, 507]);

/** Content over HTTPS to the control plane and nobody else, by the device's certificate. One connection carries piece after piece. */
export function httpsContentRoad({ identity, time, moved }: Parts): ContentRoad {
  let current = { certificate: "", agent: new Agent() };
  const agentOf = (own: ReturnType<Parts["identity"]>): Agent => {
    if (current.certificate === own.certificate) return current.agent;
    current.agent.destroy();
    current = { certificate: own.certificate, agent: verifiedAgent(own, time) };
    return current.agent;
  };

  const ask = (
    path: string,
    { type, body, limit }: { readonly type: string; readonly body: Uint8Array; readonly limit: number },
    signal: AbortSignal,
  ) =>
    new Promise<Buffer>((resolve, reject) => {
      const own = identity();
      const { hostname, port } = new URL(own.server);
      const headers = { "content-type": type, "content-length": body.length };
      const asked = request(
        {
          agent: agentOf(own),
          hostname,
          port: port || USUAL_PORT,
          path,
          method: "POST",
          headers,
          timeout: ANSWER_WITHIN,
          signal,
        },
        (answer) => {
          const chunks: Buffer[] = [];
          let bytes = 0;
          const { statusCode: status = 0, headers: said } = answer;
          const most = status === 200 ? limit : LARGEST_WORDS;
          answer.on("data", (chunk: Buffer) => {
            bytes += chunk.length;
            chunks.push(chunk);
            // Whatever is said of its length: no more is read than was asked for.
            if (bytes > most)
              answer.destroy(new ContentRefused(`its answer has more than the ${most} bytes that were asked for`));
          });
          answer.once("error", reject);
          answer.once("end", () => {
            moved(wireBytes(body.length + bytes + 2 * HEADERS));
            const whole = Buffer.concat(chunks);
            if (status === 200) resolve(whole);
            else reject(refusalIn(status, whole, said["retry-after"]));
          });
        },
      );
      asked.on("error", reject);
      asked.once("timeout", () => asked.destroy(new Error("the control plane does not answer")));
      asked.end(body);
    });

  const get = (path: string) => async (given: { readonly limit: number }, signal: AbortSignal) => {
    const body = Buffer.from(JSON.stringify(given));
    return ask(path, { type: "application/json", body, limit: given.limit }, signal);
  };
  const give =
    (path: string) =>
    async ({ content, ...said }: Partial<SentPiece>, signal: AbortSignal) => {
      const words =
        content === undefined
          ? { path, type: "application/json", body: Buffer.from(JSON.stringify(said)) }
          : { path: `${path}?${queryOf(said)}`, type: "application/octet-stream", body: content };
      const { path: to, ...rest } = words;
      const answer = await ask(to, { ...rest, limit: LARGEST_WORDS }, signal);
      return JSON.parse(answer.toString()) as PieceAnswer;
    };

  return {
    fetch: get(PATHS.fetch),
    chunks: get(PATHS.chunks),
    neighbours: async (command, signal) => {
      const body = Buffer.from(JSON.stringify({ command }));
      const answer = await ask(PATHS.neighbours, { type: "application/json", body, limit: LARGEST_WORDS }, signal);
      return JSON.parse(answer.toString()) as NeighboursAnswer;
    },
    offer: give(PATHS.offer),
    send: give(PATHS.send),
    [Symbol.asyncDispose]: async () => current.agent.destroy(),
  };
}

const queryOf = (said: object): string =>
  new URLSearchParams(Object.entries(said).map(([name, value]): [string, string] => [name, String(value)])).toString();

/** Of a connection only one end is new here: that it leads to the control plane is seen before anything is sent on it. */
function verifiedAgent(own: ReturnType<Parts["identity"]>, time: () => TrustedTime): Agent {
  const { key, certificate, chain, rootCertificate: root, server } = own;
  const agent = new Agent({ keepAlive: true, maxSockets: 2, timeout: IDLE });
  // Who resumes a session is who began it: it is good for this certificate alone.
  let ticket: Buffer | undefined;
  const door = {
    ...placeOf(server, USUAL_PORT),
    root,
    patience: ANSWER_WITHIN,
    own: { key, certificate: [certificate, ...chain].join("\n") },
  };
  agent.createConnection = (_options, done) => {
    const used = ticket;
    let isReached = false;
    const onTicket = (fresh: Buffer) => (ticket = fresh);
    const onReached = () => (isReached = true);
    connectVerified({ ...door, time: time(), ticket, onTicket, onReached }, new AbortController().signal).then(
      (socket) => done?.(null, socket as Duplex),
      (error: Error) => {
        // It may be what was wrong: the next attempt proves everything anew. Where nobody was it cannot be.
        if (isReached && ticket === used) ticket = undefined;
        done?.(error, undefined as never);
      },
    );
    return undefined;
  };
  return agent;
}

function refusalIn(status: number, body: Buffer, retryAfter: string | undefined): Error {
  const words = `the control plane says: ${detailIn(body) ?? `status ${status}`}`;
  if (!LATER.has(status)) return new ContentRefused(words);
  const wait = retryAfter !== undefined && /^\d{1,5}$/.test(retryAfter) ? Number(retryAfter) * SECOND : undefined;
  return new ContentLater(words, wait);
}

function detailIn(body: Buffer): string | undefined {
  try {
    const { detail } = JSON.parse(body.toString()) as { readonly detail?: unknown };
    return typeof detail === "string" ? detail.slice(0, limits.nameLength) : undefined;
  } catch {
    return undefined;
  }
}
