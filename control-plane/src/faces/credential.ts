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

/** Out of reach of scripts and of other sites. Without an end of its own: the session behind it has one. */
export const keepInCookie = (reply: FastifyReply, token: string, origin: string): FastifyReply =>
  reply.setCookie(COOKIE, token, { ...attributes, secure: origin.startsWith("https:") });

export const forgetCookie = (reply: FastifyReply): FastifyReply => reply.clearCookie(COOKIE, attributes);

const attributes = { httpOnly: true, sameSite: "strict", path: "/" } as const;
