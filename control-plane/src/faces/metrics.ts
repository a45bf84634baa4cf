import type { FastifyInstance } from "fastify";
import type { Family } from "../platform/figures.ts";
import { contentTypes, exposition, formatFor } from "./exposition.ts";
import type { FaceParts } from "./face.ts";
import { createHttp, type TlsCredentials } from "./http.ts";
import { listen, type Listening } from "./listen.ts";
import { limitingActors } from "./quota.ts";
import { renewing } from "./renewing.ts";
import { callerOf, identityOf } from "./rest.ts";

interface MetricsOptions extends TlsCredentials {
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  /** The same credentials, or fresh ones when those end soon. */
  readonly current: () => Promise<TlsCredentials>;
}

const REQUESTS_PER_MINUTE = 600;
const CONNECTIONS = 100;
const BODY_LIMIT = 1_024;

/** `/metrics`: the answer of the action that gives figures, as scrapers read it. Who may not ask for that gets nothing here. */
export function serveMetrics(app: FastifyInstance, parts: FaceParts): void {
  const action = parts.actions.find(({ isExposition }) => isExposition);
  if (action === undefined) return;
  app.get("/metrics", { config: { access: "dispatch" } }, async (request, reply) => {
    const caller = callerOf(request, await identityOf(request, parts));
    // Not cleaned of what is not declared: the writer takes what it knows, and there may be a hundred thousand values.
    const { families } = (await parts.dispatch(action.path as string, {}, caller)) as {
      readonly families: readonly Family[];
    };
    const format = formatFor(request.headers.accept);
    return reply
      .header("cache-control", "no-store")
      .header("vary", "accept")
      .type(contentTypes[format])
      .send(exposition(families, format));
  });
}

/** The same on a port of its own, over TLS: whoever watches needs no way to the portal. */
export async function startMetrics(unlimited: FaceParts, options: MetricsOptions): Promise<Listening> {
  const { host, port, current, ...tls } = options;
  const parts = { ...unlimited, dispatch: limitingActors(unlimited) };
  const limits = { bodyLimit: BODY_LIMIT, requestsPerMinute: REQUESTS_PER_MINUTE, connections: CONNECTIONS };
  const app = await createHttp(parts, { name: "metrics", ...limits, tls });
  serveMetrics(app, parts);
  renewing(app, parts, { name: "metrics", tls, current });
  return listen(app, { host, port });
}
