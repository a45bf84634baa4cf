import { createHash, type X509Certificate } from "node:crypto";
import { request } from "node:https";
import { connect } from "node:tls";
import { SERVER_NAME, type EnrolmentToken } from "@edgemere/protocol";
import { SECOND } from "@edgemere/protocol/kit";
import type { TrustedTime } from "../clock/trusted-time.ts";
import { EnrolmentFailed } from "./enrol-failed.ts";
import { certificatesShown, connectVerified, placeOf } from "./verified-tls.ts";

const ANSWER_WITHIN = 30 * SECOND;
const LARGEST_ANSWER = 256 * 1024;
const USUAL_PORT = 443;

type Server = Pick<EnrolmentToken, "server" | "pin">;

/** The root certificate, PEM, that the token vouches for. Sends nothing. */
export async function pinnedRoot({ server, pin }: Server, signal?: AbortSignal): Promise<string> {
  const shown = await certificatesOf(server, signal);
  const root = shown.find((certificate) => pinOf(certificate) === pin && certificate.verify(certificate.publicKey));
  if (root !== undefined) return root.toString();
  throw new EnrolmentFailed(
    "refused",
    `the control plane at ${server} is not the one that made this token: it shows no certificate with the token's pin. ` +
      `Nothing was sent. Check the address, and whether something stands between; make a new token if the control plane was set up anew`,
  );
}

const pinOf = (certificate: X509Certificate): string =>
  createHash("sha256")
    .update(certificate.publicKey.export({ format: "der", type: "spki" }))
    .digest("base64url");

function certificatesOf(server: string, signal?: AbortSignal): Promise<readonly X509Certificate[]> {
  const { host, port } = placeOf(server, USUAL_PORT);
  return new Promise((resolve, reject) => {
    // Whoever answers is judged by the pin alone, and hears nothing on this connection.
    const socket = connect({ host, port, servername: SERVER_NAME, rejectUnauthorized: false, timeout: ANSWER_WITHIN });
    const fail = (cause: Error) => {
      socket.destroy();
      reject(unreachable(server, cause));
    };
    const aborted = () => fail(new Error("it was stopped"));
    signal?.addEventListener("abort", aborted, { once: true });
    socket.on("error", fail);
    socket.once("timeout", () => fail(new Error("it does not answer")));
    socket.once("close", () => fail(new Error("it hung up")));
    socket.once("secureConnect", () => {
      const chain = certificatesShown(socket);
      signal?.removeEventListener("abort", aborted);
      resolve(chain);
      socket.destroy();
    });
  });
}

interface Question {
  readonly address: string;
  readonly body: object;
  /** PEM: the server's certificate must lead to it. */
  readonly root: string;
  readonly time: TrustedTime;
  /** PEM: who asks; nobody yet when absent. */
  readonly own?: { readonly key: string; readonly certificate: string };
}

/** What a control plane said. */
export interface Answer {
  readonly status: number;
  readonly text: string;
  /** So many milliseconds it is not to be asked again: Retry-After (RFC 9110, section 10.2.3) in seconds. A date, which a device may not be able to read by its own clock, is not taken. */
  readonly retryAfterMs?: number;
}

/** Posts JSON to the control plane and nobody else. */
export async function post(
  { address, body, root, time, own }: Question,
  signal: AbortSignal = new AbortController().signal,
): Promise<Answer> {
  const place = placeOf(address, USUAL_PORT);
  const socket = await connectVerified(
    { ...place, root, time, patience: ANSWER_WITHIN, ...(own && { own }) },
    signal,
  ).catch((cause: Error) => {
    throw unreachable(address, cause);
  });
  return new Promise((resolve, reject) => {
    const fail = (cause: Error) => reject(unreachable(address, cause));
    const asked = request(
      {
        ...place,
        path: new URL(address).pathname,
        method: "POST",
        headers: { "content-type": "application/json" },
        createConnection: () => socket,
        timeout: ANSWER_WITHIN,
        signal,
      },
      (answer) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        answer.on("data", (chunk: Buffer) => {
          bytes += chunk.length;
          chunks.push(chunk);
          if (bytes > LARGEST_ANSWER) answer.destroy(new Error("its answer is too long"));
        });
        answer.once("error", fail);
        answer.once("end", () => {
          resolve({
            status: answer.statusCode ?? 0,
            text: Buffer.concat(chunks).toString(),
            ...retryAfterIn(answer.headers["retry-after"]),
          });
          socket.destroy();
        });
      },
    );
    asked.on("error", fail);
    asked.once("timeout", () => asked.destroy(new Error("it does not answer")));
    asked.end(JSON.stringify(body));
  });
}

function retryAfterIn(header: string | undefined): Pick<Answer, "retryAfterMs"> {
  return header !== undefined && /^\d{1,9}$/.test(header) ? { retryAfterMs: Number(header) * SECOND } : {};
}

function unreachable(address: string, cause: Error): EnrolmentFailed {
  // What OpenSSL says when somebody answers who does not speak TLS helps nobody.
  const isOtherTongue = "code" in cause && (cause.code === "EPROTO" || cause.code === "ERR_SSL_WRONG_VERSION_NUMBER");
  const why = isOtherTongue ? "what answers there does not speak TLS" : cause.message || "it hung up";
  return new EnrolmentFailed(
    "unreachable",
    `no connection to the control plane at ${new URL(address).origin}: ${why}. Check that it runs and can be reached from here`,
    { cause },
  );
}
