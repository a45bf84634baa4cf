import { X509Certificate } from "node:crypto";
import { Agent, request } from "node:https";
import { connect } from "node:tls";
import { SECOND, type Clock } from "@edgemere/protocol/kit";
import type { TrustedTime } from "../clock/trusted-time.ts";
import { deviceShown } from "../link/certificate-chain.ts";
import type { Neighbour } from "../link/content-road.ts";
import type { Identity } from "../link/identity.ts";
import { certificatesShown, placeOf } from "../link/verified-tls.ts";
import { CHUNK_PATH } from "./giving.ts";
import type { Ask } from "./permit.ts";

/** It answers, and does not have this. */
export class NotHere extends Error {
  /** It says itself that it is on its way there. */
  readonly isComing: boolean;
  constructor(isComing = false) {
    super("it does not have this: status 404");
    this.name = "NotHere";
    this.isComing = isComing;
  }
}

/** Gets bytes of content from a device on the same site. Rejects when it is another, refuses, or takes too long. */
export interface NeighbourRoad extends AsyncDisposable {
  fetch(from: Neighbour, ask: Ask, signal: AbortSignal): Promise<Uint8Array>;
}

interface Parts {
  readonly clock: Clock;
  readonly identity: () => Pick<Identity, "rootCertificate" | "key" | "certificate" | "chain">;
  readonly time: () => TrustedTime;
}

/** A chunk that takes longer comes sooner from elsewhere. */
const WITHIN = 20 * SECOND;
const REACHED_WITHIN = 3 * SECOND;

/** Chunks over HTTPS, by this device's certificate, from the very device that the control plane has named. */
export function httpsNeighbourRoad({ identity, time, clock }: Parts): NeighbourRoad {
  const agents = new Map<string, Agent>();
  const agentOf = (neighbour: Neighbour): Agent => {
    const own = identity();
    const name = `${neighbour.device} ${neighbour.address} ${own.certificate}`;
    const known = agents.get(name) ?? agentTo(neighbour, own, time);
    agents.set(name, known);
    return known;
  };
  const asked = (neighbour: Neighbour, ask: Ask, signal: AbortSignal) =>
    new Promise<Uint8Array>((resolve, reject) => {
      const body = Buffer.from(JSON.stringify(ask));
      const { host, port } = placeOf(`https://${neighbour.address}`, 0);
      const headers = { "content-type": "application/json", "content-length": body.length };
      const sending = request(
        {
          agent: agentOf(neighbour),
          host,
          port,
          path: CHUNK_PATH,
          method: "POST",
          headers,
          signal,
        },
        (answer) => {
          const pieces: Buffer[] = [];
          let bytes = 0;
          answer.on("data", (piece: Buffer) => {
            bytes += piece.length;
            pieces.push(piece);
            if (bytes > ask.limit) answer.destroy(new Error("it sends more than it was asked for"));
          });
          answer.once("error", reject);
          answer.once("end", () => {
            if (answer.statusCode === 200) resolve(Buffer.concat(pieces));
            else if (answer.statusCode === 404) reject(new NotHere(answer.headers["retry-after"] !== undefined));
            else reject(new Error(`it refuses with status ${answer.statusCode ?? 0}`));
          });
        },
      );
      sending.on("error", reject);
      sending.end(body);
    });
  return {
    fetch: async (neighbour, ask, signal) => {
      const over = new AbortController();
      const late = new AbortController();
      void clock.sleep(WITHIN, over.signal).then(() => late.abort());
      try {
        return await asked(neighbour, ask, AbortSignal.any([signal, late.signal]));
      } finally {
        over.abort();
      }
    },
    [Symbol.asyncDispose]: async () => {
      for (const agent of agents.values()) agent.destroy();
    },
  };
}

/** Who is there is seen before anything is sent: a device of this fleet, and the one that was named. */
function agentTo({ device, address }: Neighbour, own: ReturnType<Parts["identity"]>, time: Parts["time"]): Agent {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, timeout: WITHIN });
  const root = new X509Certificate(own.rootCertificate);
  agent.createConnection = (_options, done) => {
    const socket = connect({
      ...placeOf(`https://${address}`, 0),
      ca: [own.rootCertificate],
      key: own.key,
      cert: [own.certificate, ...own.chain].join("\n"),
      // A device's certificate names no host: it is judged below, by whose it is.
      rejectUnauthorized: false,
      timeout: REACHED_WITHIN,
    });
    const fail = (error: Error) => {
      socket.destroy();
      done?.(error, undefined as never);
    };
    const silent = () => fail(new Error("it does not answer"));
    socket.once("error", fail);
    socket.once("timeout", silent);
    socket.once("secureConnect", () => {
      socket.off("error", fail);
      socket.off("timeout", silent);
      if (deviceShown(certificatesShown(socket), root, time()) !== device)
        return fail(new Error(`what answers there is not the device ${device}`));
      done?.(null, socket);
    });
    return undefined;
  };
  return agent;
}
