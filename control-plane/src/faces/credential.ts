import type { IncomingHttpHeaders } from "node:http";
import { parse, serialize } from "@fastify/cookie";
import { Problem } from "../platform/problem.ts";

/** What a request shows to say who asks. */
export interface Credential {
  readonly text: string;
  /** A cookie is sent by the browser whether the page that asks is ours or not, so it needs a look at the origin. */
  readonly from: "header" | "cookie";
}

const COOKIE = "edgemere_session";
const LONGEST = 512;

export function credentialOf({ authorization, cookie }: IncomingHttpHeaders): Credential | undefined {
  if (authorization !== undefined) {
    const [, text] = /^Bearer +(\S+)$/i.exec(authorization.slice(0, LONGEST)) ?? [];
    if (text === undefined) throw new Problem("not-signed-in", "send the credential as: Authorization: Bearer <token>");
    return { text, from: "header" };
  }
  const text = cookie === undefined ? undefined : parse(cookie)[COOKIE];
  return text === undefined || text === "" || text.length > LONGEST ? undefined : { text, from: "cookie" };
}

/** Throws Problem when a page from elsewhere tries to use, or to get, a cookie of ours. */
export function refuseForeignOrigin(origin: string | undefined, allowed: readonly string[]): void {
  if (origin !== undefined && allowed.includes(origin)) return;
  throw new Problem(
    "forbidden",
    origin === undefined
      ? "a request with a cookie must say its Origin; programs send Authorization: Bearer <token> instead"
      : `pages of ${origin} may not act here; if this is the portal's own address, add it to the control plane's origins`,
  );
}

/** Out of reach of scripts and of other sites. Without an end of its own: the session behind it has one. */
export const sessionCookie = (token: string, origin: string): string =>
  serialize(COOKIE, token, { ...attributes, secure: origin.startsWith("https:") });

export const noSessionCookie = (): string => serialize(COOKIE, "", { ...attributes, maxAge: 0 });

const attributes = { httpOnly: true, sameSite: "strict", path: "/" } as const;
