import { isIP } from "node:net";
import type { FastifyReply } from "fastify";
import { Problem } from "../platform/problem.ts";

/** What a request shows to say who asks. */
export interface Credential {
  readonly text: string;
  /** A cookie is sent by the browser whether the page that asks is ours or not, so it needs a look at the origin. */
  readonly from: "header" | "cookie";
}

const COOKIE = "edgemere_session";
const LONGEST = 512;

export type Cookies = Readonly<Record<string, string | undefined>>;

export function credentialOf(authorization: string | undefined, cookies: Cookies): Credential | undefined {
  if (authorization !== undefined) {
    const [, text] = /^Bearer +(\S+)$/i.exec(authorization.slice(0, LONGEST)) ?? [];
    if (text === undefined) throw new Problem("not-signed-in", "send the credential as: Authorization: Bearer <token>");
    return { text, from: "header" };
  }
  const text = cookies[COOKIE];
  return text === undefined || text === "" || text.length > LONGEST ? undefined : { text, from: "cookie" };
}

interface Whence {
  readonly origin?: string | undefined;
  readonly host?: string | undefined;
}

/**
 * Whether a page may act here with a cookie: one that was served by the very address it asks, when that is a number or
 * localhost (a name could be pointed here by whoever owns it), or one that the operator named.
 */
export function isKnownOrigin({ origin, host }: Whence, named: readonly string[]): boolean {
  if (origin === undefined) return false;
  if (named.includes(origin)) return true;
  if (host === undefined || !URL.canParse(origin)) return false;
  const from = new URL(origin);
  const bare = from.hostname.replaceAll(/^\[|\]$/g, "");
  return from.host === host && (bare === "localhost" || isIP(bare) !== 0);
}

/** Throws Problem when a page from elsewhere tries to use, or to get, a cookie of ours. */
export function refuseForeignOrigin(whence: Whence, named: readonly string[]): void {
  if (isKnownOrigin(whence, named)) return;
  const { origin } = whence;
  throw new Problem(
    "forbidden",
    origin === undefined
      ? "a request with a cookie must say its Origin; programs send Authorization: Bearer <token> instead"
      : `pages of ${origin} may not act here; if this is the portal's own address, name it with --origin`,
  );
}

/** Out of reach of scripts and of other sites. Without an end of its own: the session behind it has one. */
export const keepInCookie = (reply: FastifyReply, token: string, origin: string): FastifyReply =>
  reply.setCookie(COOKIE, token, { ...attributes, secure: origin.startsWith("https:") });

export const forgetCookie = (reply: FastifyReply): FastifyReply => reply.clearCookie(COOKIE, attributes);

const attributes = { httpOnly: true, sameSite: "strict", path: "/" } as const;
