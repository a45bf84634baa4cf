import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import type { Client, Output } from "../src/faces/client.ts";
import { TimedOut } from "./failure.ts";

/** For so long the control plane remembers that a sign-in began. */
const ANSWERED_WITHIN = 10 * 60_000;
const PATH = "/sso";

interface Options {
  /** The provider has to ask anew who it is. */
  readonly fresh: boolean;
  readonly say: (remark: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Signs in at the identity provider, in a browser of this machine: shows the address to open there, and takes the answer on a
 * free port that only this machine reaches (RFC 8252, section 7.3).
 */
export async function signInElsewhere(
  client: Client,
  { fresh, say, signal }: Options,
): Promise<Output<"ia/sso/finish">> {
  const server = createServer({ requestTimeout: 5_000 });
  server.listen(0, "127.0.0.1");
  await once(server, "listening", { signal });
  try {
    const redirect = `http://127.0.0.1:${(server.address() as AddressInfo).port}${PATH}`;
    const { location, flow } = await client.call("ia/sso/begin", { redirect, fresh });
    const answered = answerTo(server, new URL(location).searchParams.get("state"), signal);
    say(`open this address in a browser on this machine, and sign in there:\n\n  ${location}\n`);
    return await client.call("ia/sso/finish", { flow, answer: await answered });
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

/** The query that the browser is led back with. What was not begun here, as any page may send it, is not listened to. */
function answerTo(
  server: ReturnType<typeof createServer>,
  state: string | null,
  interrupted: AbortSignal,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const late = AbortSignal.timeout(ANSWERED_WITHIN);
    late.addEventListener("abort", () => reject(new TimedOut("nobody signed in within ten minutes; begin again")));
    interrupted.addEventListener("abort", () => reject(interrupted.reason as Error));
    if (interrupted.aborted) reject(interrupted.reason as Error);
    server.on("request", ({ method, url = "" }: IncomingMessage, response) => {
      const [path, query = ""] = url.split("?", 2);
      if (method !== "GET" || path !== PATH || new URLSearchParams(query).get("state") !== state)
        return show(response, 404, "Nobody waits for this here.");
      // The browser has its page before the port is closed.
      response.once("close", () => resolve(query));
      return show(response, 200, "Edgemere has the answer. Go on in the terminal; this page may be closed.");
    });
  });
}

const show = (response: ServerResponse, status: number, text: string): void =>
  void response
    .writeHead(status, {
      "content-type": "text/plain; charset=utf-8",
      "cache-control": "no-store",
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
      connection: "close",
    })
    .end(`${text}\n`);
