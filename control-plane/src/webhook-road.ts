import { lookup as lookUp } from "node:dns";
import { request as overHttp, type IncomingMessage } from "node:http";
import { request as overHttps } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { SECOND, type Clock } from "@edgemere/protocol/kit";
import { isInner } from "./inner-address.ts";
import { beginningOf, retryAfter } from "./outlet-targets.ts";
import { inTime } from "./platform/in-time.ts";
import { Problem } from "./platform/problem.ts";

const ANSWER_WITHIN = 15 * SECOND;

export interface WebhookPost {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface WebhookAnswer {
  readonly status: number;
  readonly text: string;
  readonly retryAfter?: number;
  readonly isForbidden?: boolean;
  readonly isGivenUp?: boolean;
}

interface Way {
  readonly mayGoInside: boolean;
  readonly clock: Clock;
  readonly stopped: AbortSignal;
}

/** It may not be sent there. */
class Forbidden extends Error {}

const INSIDE = "is of this machine or its link: webhooks go there only with --webhook-inside on";
const hostOf = ({ hostname }: URL): string => hostname.replaceAll(/^\[|\]$/g, "");
const isNamedInside = (host: string): boolean =>
  /(^|\.)localhost\.?$/.test(host) || (isIP(host) !== 0 && isInner(host));

/** Throws Problem where nothing could ever be sent to an address. What a name stands for is looked at when something is sent. */
export function refuseWebhook(address: string, { mayGoInside }: Pick<Way, "mayGoInside">): void {
  const refuse = (why: string) => {
    throw new Problem("invalid-input", `the address of a webhook ${why}`);
  };
  if (!URL.canParse(address)) return refuse(`must be written like https://hooks.example.org/edgemere`);
  const url = new URL(address);
  const host = hostOf(url);
  if (url.username !== "" || url.password !== "" || url.hash !== "")
    return refuse("holds no credentials and no #: messages are signed with the contact's secret instead");
  if (isNamedInside(host) && !mayGoInside) return refuse(`may not be ${host}, which ${INSIDE}`);
  const isPlain = url.protocol === "http:" && isNamedInside(host);
  return url.protocol === "https:" || isPlain ? undefined : refuse("must begin with https://");
}

/** POSTs over HTTPS. Redirects are not followed, of the answer only the beginning is read, and the address is looked at once a name has become one. */
export const webhookRoad =
  (way: Way) =>
  async (letter: WebhookPost): Promise<WebhookAnswer> => {
    const over = new AbortController();
    try {
      refuseWebhook(letter.url, way);
      return await inTime(posted(letter, way, AbortSignal.any([over.signal, way.stopped])), ANSWER_WITHIN, way.clock);
    } catch (error) {
      if (way.stopped.aborted) return { status: 0, text: "the control plane stops", isGivenUp: true };
      const isForbidden = error instanceof Forbidden || error instanceof Problem;
      return {
        status: 0,
        text: error instanceof Error ? error.message : String(error),
        ...(isForbidden && { isForbidden }),
      };
    } finally {
      over.abort();
    }
  };

async function posted({ url: address, headers, body }: WebhookPost, { mayGoInside }: Way, signal: AbortSignal) {
  const url = new URL(address);
  const send = url.protocol === "https:" ? overHttps : overHttp;
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const request = send(url, {
      method: "POST",
      headers: { ...headers, "user-agent": "edgemere", "content-length": Buffer.byteLength(body) },
      signal,
      agent: false,
      ...(!mayGoInside && { lookup: outsideOnly }),
    });
    request.once("response", resolve);
    // After the answer too: who hangs up in the middle of it is no bug of ours.
    request.on("error", reject);
    request.end(body);
  });
  const status = response.statusCode ?? 0;
  const isElsewhere = status >= 300 && status < 400;
  const text = isElsewhere
    ? `it points to ${response.headers.location ?? "somewhere else"}, which is not followed: give the contact that address`
    : await beginningOf({ body: response });
  return { status, text, ...retryAfter(response.headers["retry-after"] ?? null) };
}

/** What a name stands for now: a name that was outside when it was saved may be inside when it is asked for. */
const outsideOnly: LookupFunction = (host, options, callback) => {
  lookUp(host, { ...options, all: true }, (error, found) => {
    const [first, ...others] = (error === null ? found : []).filter(({ address }) => !isInner(address));
    if (error !== null) callback(error, "", 0);
    else if (first === undefined) callback(new Forbidden(`${host} ${INSIDE}`), "", 0);
    else if (options.all === true) callback(null, [first, ...others]);
    else callback(null, first.address, first.family);
  });
};
