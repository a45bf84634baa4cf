import type { FastifyInstance } from "fastify";
import { serveDocuments } from "./documents.ts";
import type { FaceParts } from "./face.ts";
import { serveHealth } from "./health.ts";
import { createHttp, type TlsCredentials } from "./http.ts";
import { listen, type Listening } from "./listen.ts";
import { serveLive } from "./live.ts";
import { serveMetrics } from "./metrics.ts";
import { servePortal } from "./portal.ts";
import { serveProblemPages } from "./problem-pages.ts";
import { limitingActors } from "./quota.ts";
import { serveActions } from "./rest.ts";

export interface FaceOptions {
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  /** Where the portal was built. */
  readonly portalFolder?: string | undefined;
  /** Absent: plain HTTP, for this machine only or behind a proxy that speaks TLS. */
  readonly tls?: TlsCredentials | undefined;
  readonly trustProxy?: boolean | undefined;
  /** Per address. */
  readonly requestsPerMinute?: number | undefined;
}

const BODY_LIMIT = 1024 * 1024;
const REQUESTS_PER_MINUTE = 6_000;

/** Everything that people and their programs speak with, on one port. */
export async function startFaces(unlimited: FaceParts, { host, port, ...options }: FaceOptions): Promise<Listening> {
  const parts = { ...unlimited, dispatch: limitingActors(unlimited) };
  const app = await createFaces(parts, options);
  const live = serveLive(app.server, parts, (header) => app.parseCookie(header));
  app.addHook("preClose", () => live[Symbol.asyncDispose]());
  return listen(app, { host, port });
}

/** The same without a port and without socket.io. */
export async function createFaces(
  parts: FaceParts,
  options: Omit<FaceOptions, "host" | "port"> = {},
): Promise<FastifyInstance> {
  const { portalFolder, tls, trustProxy, requestsPerMinute = REQUESTS_PER_MINUTE } = options;
  const app = await createHttp(parts, { name: "portal", bodyLimit: BODY_LIMIT, requestsPerMinute, tls, trustProxy });
  serveHealth(app, parts);
  serveMetrics(app, parts);
  await app.register(async (open) => serveProblemPages(open));
  await app.register(async (open) => serveDocuments(open, parts));
  await app.register(async (open) => servePortal(open, portalFolder));
  serveActions(app, parts);
  return app;
}
