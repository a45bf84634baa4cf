import { createHash, X509Certificate } from "node:crypto";
import { request } from "node:https";
import { connect, type DetailedPeerCertificate } from "node:tls";
import { SERVER_NAME, type EnrolmentToken } from "@edgemere/protocol";
import { SECOND } from "@edgemere/protocol/kit";
import { EnrolmentFailed } from "./enrol-failed.ts";

const ANSWER_WITHIN = 30 * SECOND;
const LARGEST_ANSWER = 256 * 1024;

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
  const { host, port } = placeOf(server);
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
      const chain = chainOf(socket.getPeerCertificate(true));
      signal?.removeEventListener("abort", aborted);
      resolve(chain);
      socket.destroy();
    });
  });
}

function chainOf(leaf: DetailedPeerCertificate): readonly X509Certificate[] {
  const chain: X509Certificate[] = [];
  // A self-signed certificate is its own issuer: there the chain ends.
  for (let each: DetailedPeerCertificate | undefined = leaf; each?.raw; each = each.issuerCertificate) {
    const certificate = new X509Certificate(each.raw);
    if (chain.some(({ raw }) => raw.equals(certificate.raw))) break;
    chain.push(certificate);
  }
  return chain;
}

/** Posts JSON to a server whose certificate must lead to `root`; gives the status and the body as text. */
export function post(
  address: string,
  body: object,
  root: string,
  signal?: AbortSignal,
): Promise<{ readonly status: number; readonly text: string }> {
  const { host, port } = placeOf(address);
  return new Promise((resolve, reject) => {
    const fail = (cause: Error) => reject(unreachable(address, cause));
    const asked = request(
      {
        host,
        port,
        path: new URL(address).pathname,
        method: "POST",
        headers: { "content-type": "application/json" },
        ca: [root],
        servername: SERVER_NAME,
        rejectUnauthorized: true,
        timeout: ANSWER_WITHIN,
        agent: false,
        ...(signal && { signal }),
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
        answer.once("end", () => resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
      },
    );
    asked.on("error", fail);
    asked.once("timeout", () => asked.destroy(new Error("it does not answer")));
    asked.end(JSON.stringify(body));
  });
}

function placeOf(address: string): { readonly host: string; readonly port: number } {
  const { hostname, port } = new URL(address);
  // An IPv6 address stands in brackets in a URL and nowhere else.
  return { host: hostname.replaceAll(/^\[|\]$/g, ""), port: Number(port || 443) };
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
