import cookie from "@fastify/cookie";
import helmet from "@fastify/helmet";
import rateLimit from "@fastify/rate-limit";
import { MINUTE, SECOND } from "@edgemere/protocol/kit";
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { Problem, problems } from "../platform/problem.ts";
import { TICKET_LIFE, tlsPolicy } from "../platform/tls-policy.ts";
import { refuseUndeclaredRoutes } from "./access.ts";
import type { FaceParts } from "./face.ts";
import { refusingNoise } from "./noise.ts";
import { pageStyleSource } from "./pages.ts";
import { problemOf } from "./refusal.ts";
import { headOptions, refuseStrangeHeads } from "./request-head.ts";

export interface TlsCredentials {
  /** PEM. */
  readonly key: string;
  /** PEM, with the chain behind it. */
  readonly certificate: string;
  /** Kept over restarts, so that known clients resume their sessions. */
  readonly ticketKeys?: Buffer;
  /** PEM: who shows a certificate that leads to one of these is known by it. Who shows none, or another, comes in as nobody. */
  readonly clientRoots?: readonly string[];
}

interface HttpOptions {
  /** What the listener is called in figures. */
  readonly name: string;
  /** Bytes of a body that are read. */
  readonly bodyLimit: number;
  /** Per address. */
  readonly requestsPerMinute: number;
  /** Whose share a request is taken from. Default: its address. */
  readonly countedAs?: (request: FastifyRequest) => string;
  readonly tls?: TlsCredentials | undefined;
  /** False where no browser has anything to see: then little is told to one, since devices pay for each byte. */
  readonly hasPages?: boolean;
  /** How many may be open at a time. */
  readonly connections?: number;
  /** Behind a reverse proxy, whose X-Forwarded-For then names the address. */
  readonly trustProxy?: boolean | undefined;
}

/** Milliseconds for a whole request to arrive, for its head alone, and for a TLS handshake. */
const REQUEST_WITHIN = 30_000;
const HEAD_WITHIN = 10_000;
const HANDSHAKE_WITHIN = 10_000;
const nodeOptions = { headersTimeout: HEAD_WITHIN, connectionsCheckingInterval: 1_000, ...headOptions };
/** Of the portal and REST together with WebSockets. */
const CONNECTIONS = 2_000;

/** A server whose every refusal is a problem document and whose every answer carries its request's id. */
export async function createHttp(
  { newId, log, responses, refusals }: Pick<FaceParts, "newId" | "log" | "responses" | "refusals">,
  {
    name,
    bodyLimit,
    requestsPerMinute,
    countedAs,
    tls,
    hasPages = true,
    connections = CONNECTIONS,
    trustProxy = false,
  }: HttpOptions,
): Promise<FastifyInstance> {
  const count = (reason: string) => refusals?.add([name, reason]);
  const send = (error: unknown, request: FastifyRequest, reply: FastifyReply) => {
    const problem = problemOf(error, { log, requestId: request.id });
    count(problem.type);
    return sendProblem(problem, request, reply);
  };
  const app = Fastify({
    bodyLimit,
    trustProxy,
    requestTimeout: REQUEST_WITHIN,
    forceCloseConnections: true,
    // Ids that others gave are kept when they look like one, so that a request can be followed through a proxy.
    genReqId: ({ headers }) => {
      const given = headers["x-request-id"];
      return typeof given === "string" && /^[\w.-]{1,64}$/.test(given) ? given : newId();
    },
    frameworkErrors: (error, request, reply) => void send(error, request as FastifyRequest, reply as FastifyReply),
    clientErrorHandler: refusingNoise(count),
    ...serverOptions(tls),
  }) as unknown as FastifyInstance;
  app.server.maxConnections = connections;
  app.server.on("drop", () => count("too-many-connections"));

  refuseUndeclaredRoutes(app);
  await app.register(cookie);
  await app.register(helmet, { ...(hasPages ? ofPages : ofNoPages), strictTransportSecurity: tls !== undefined });
  await app.register(rateLimit, {
    max: requestsPerMinute,
    timeWindow: MINUTE,
    ...(countedAs && { keyGenerator: countedAs }),
    errorResponseBuilder: (_, { ttl }) =>
      new Problem("too-many-requests", `more than ${requestsPerMinute} requests in a minute; slow down`, {
        retryAfter: Math.ceil(ttl / 1_000),
      }),
  });
  readJsonOnly(app);
  app.setErrorHandler(send);
  app.setNotFoundHandler({ preHandler: app.rateLimit() }, (request) => {
    throw new Problem(
      "not-found",
      `there is nothing at ${pathOf(request)}; actions are at /edgemere/…, see /edgemere/docs`,
    );
  });
  app.addHook("onRequest", async (request, reply) => void reply.header("x-request-id", request.id));
  refuseStrangeHeads(app);
  // The address without its query: what people put there is not for logs.
  app.addHook("onResponse", async (request, { statusCode, elapsedTime }) => {
    responses?.add([name, String(statusCode)]);
    log.debug("request answered", {
      method: request.method,
      path: pathOf(request),
      status: statusCode,
      milliseconds: Math.round(elapsedTime),
      requestId: request.id,
    });
  });
  return app;
}

// Of the two kinds of servers that the types know apart, ours is made by the same options.
const serverOptions = (tls: TlsCredentials | undefined): { readonly http: object } =>
  (tls === undefined ? { http: nodeOptions } : { https: { ...tlsOptions(tls), ...nodeOptions } }) as { http: object };

/** Also what a listener goes on with when its certificate was renewed. */
export const tlsOptions = ({ key, certificate, ticketKeys, clientRoots }: TlsCredentials) => ({
  key,
  cert: certificate,
  ...(ticketKeys && { ticketKeys, sessionTimeout: TICKET_LIFE / SECOND }),
  ...(clientRoots && { requestCert: true, rejectUnauthorized: false, ca: [...clientRoots] }),
  ...tlsPolicy,
  handshakeTimeout: HANDSHAKE_WITHIN,
});

export const pathOf = ({ url }: FastifyRequest): string => url.split("?", 1)[0] ?? url;

function sendProblem(problem: Problem, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { status } = problems[problem.type];
  if (problem.retryAfter !== undefined) reply.header("retry-after", problem.retryAfter);
  if (status === 401) reply.header("www-authenticate", 'Bearer realm="edgemere"');
  return reply
    .code(status)
    .header("x-request-id", request.id)
    .header("cache-control", "no-store")
    .type("application/problem+json")
    .send(JSON.stringify(problem.toDocument(request.id)));
}

/** JSON is the only body that is read, and an empty one stands for no input. */
function readJsonOnly(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser("error", "error");
  // A small body that unpacks to a large one would pass every limit.
  app.addHook("preParsing", async ({ headers }) => {
    if ((headers["content-encoding"] ?? "identity") !== "identity")
      throw new Problem("unsupported-media-type", "send the body as it is, without Content-Encoding");
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<string>("application/json", { parseAs: "string" }, (request, body, done) => {
    if (body === "") done(null, undefined);
    else void parse(request, body, done);
  });
}

const contentSecurityPolicy = {
  useDefaults: false,
  directives: {
    defaultSrc: ["'none'"],
    baseUri: ["'none'"],
    connectSrc: ["'self'"],
    fontSrc: ["'self'"],
    formAction: ["'self'"],
    frameAncestors: ["'none'"],
    imgSrc: ["'self'", "data:"],
    manifestSrc: ["'self'"],
    scriptSrc: ["'self'"],
    // Not one style element but that of our plain pages: the portal's components set what they need through the DOM.
    styleSrc: ["'self'", pageStyleSource],
  },
};

/** What a browser is told with every answer: all that helmet knows. */
const ofPages = {
  contentSecurityPolicy,
  // Without any, some of a page's own requests would come from the origin "null".
  referrerPolicy: { policy: "same-origin" },
} as const;

/** That what it got is nothing to show, and to come by TLS only. */
const ofNoPages = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
  },
  crossOriginOpenerPolicy: false,
  crossOriginResourcePolicy: false,
  originAgentCluster: false,
  referrerPolicy: false,
  xDnsPrefetchControl: false,
  xDownloadOptions: false,
  xFrameOptions: false,
  xPermittedCrossDomainPolicies: false,
  xXssProtection: false,
} as const;
