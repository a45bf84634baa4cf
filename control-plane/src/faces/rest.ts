import { MINUTE } from "@edgemere/protocol/kit";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { AnyAction } from "../platform/action.ts";
import { nobody, type Caller, type Identity } from "../platform/caller.ts";
import { Problem } from "../platform/problem.ts";
import { ask, byAddress } from "./ask.ts";
import { credentialOf, forgetCookie, keepInCookie } from "./credential.ts";
import { refuseForeignOrigin } from "./known-origin.ts";
import type { FaceParts } from "./face.ts";
import { inputOf, refuseWrongMethod } from "./request.ts";

// Guesses at passwords and at the setup code: per address, and from everywhere.
const SIGN_INS_PER_MINUTE = 20;
const ALL_SIGN_INS_PER_MINUTE = 300;

/** Every action at `/edgemere/<path>`. */
export function serveActions(app: FastifyInstance, parts: FaceParts): void {
  const actions = byAddress(parts.actions);
  const limitSignIns = signInLimit(app);

  app.route<{ Params: { "*": string } }>({
    method: ["GET", "POST", "DELETE", "PUT", "PATCH"],
    url: "/edgemere/*",
    config: { access: "dispatch" },
    handler: async (request, reply) => {
      const address = request.params["*"].toLowerCase();
      const action = actions.get(address);
      if (action !== undefined) refuseWrongMethod(action, request, reply);
      if (action?.session === "begins") await limitSignIns(request);
      const identity = await identityOf(request, parts);
      const caller = callerOf(request, identity);
      reply.header("cache-control", "no-store");
      // Nobody knows this address; dispatch says so, with the ones that come near.
      if (action === undefined) return parts.dispatch(address, {}, caller);
      const origin = cookieOrigin(action, request, parts);
      const output = await ask(parts.dispatch, action, inputOf(action, request), caller);
      if (action.session === "ends") forgetCookie(reply);
      return origin === undefined ? output : withCookie(output, origin, reply);
    },
  });
}

/** Who asks; nobody without a credential. Throws Problem when one was shown that is none. */
export async function identityOf(request: FastifyRequest, { authenticate, origins }: FaceParts): Promise<Identity> {
  const credential = credentialOf(request.headers.authorization, request.cookies);
  if (credential === undefined) return nobody;
  const isUnsafe = request.method !== "GET" && request.method !== "HEAD";
  if (credential.from === "cookie" && isUnsafe) refuseForeignOrigin(request.headers, origins);
  const identity = await authenticate(credential.text);
  if (identity !== undefined) return identity;
  // An old cookie comes along unasked, also to sign in anew; a header was meant.
  if (credential.from === "cookie") return nobody;
  throw new Problem("not-signed-in", "the credential is wrong, has expired or was revoked; sign in again");
}

export const callerOf = (request: FastifyRequest, identity: Identity): Caller => ({
  ...identity,
  via: "rest",
  requestId: request.id,
  address: request.ip,
  idempotencyKey: idempotencyKeyOf(request),
});

function idempotencyKeyOf({ headers }: FastifyRequest): string | undefined {
  const key = headers["idempotency-key"];
  if (key === undefined) return undefined;
  if (typeof key === "string" && /^[\x21-\x7e]{1,255}$/.test(key)) return key;
  throw new Problem("invalid-input", "Idempotency-Key must be 1 to 255 visible ASCII characters");
}

/** The origin whose browser keeps the new credential, so that no script of the page ever holds it. */
function cookieOrigin({ session }: AnyAction, { headers }: FastifyRequest, { origins }: FaceParts): string | undefined {
  if (session !== "begins" || headers["x-edgemere-portal"] !== "1") return undefined;
  refuseForeignOrigin(headers, origins);
  return headers.origin;
}

function withCookie(output: unknown, origin: string, reply: FastifyReply): unknown {
  const { token, ...rest } = output as { readonly token?: string };
  if (token !== undefined) keepInCookie(reply, token, origin);
  return rest;
}

function signInLimit(app: FastifyInstance): (request: FastifyRequest) => Promise<void> {
  const perAddress = app.createRateLimit({ max: SIGN_INS_PER_MINUTE, timeWindow: MINUTE });
  const all = app.createRateLimit({ max: ALL_SIGN_INS_PER_MINUTE, timeWindow: MINUTE, keyGenerator: () => "all" });
  return async (request) => {
    for (const limit of [perAddress, all]) {
      const count = await limit(request);
      if (!count.isAllowed && count.isExceeded)
        throw new Problem("too-many-requests", `too many tries to sign in; try again in ${count.ttlInSeconds} s`, {
          retryAfter: count.ttlInSeconds,
        });
    }
  };
}
