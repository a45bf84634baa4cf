import type { FastifyInstance } from "fastify";
import { Problem } from "../platform/problem.ts";
import type { FaceParts } from "./face.ts";

/** For whoever watches the process: alive, and able to do its work. */
export function serveHealth(app: FastifyInstance, { store, version }: FaceParts): void {
  app.get("/healthz", { config: { rateLimit: false } }, (_, reply) =>
    reply.header("cache-control", "no-store").send({ status: "alive", version }),
  );
  app.get("/readyz", { config: { rateLimit: false } }, (_, reply) => {
    if (store.isBroken)
      throw new Problem("unavailable", "the store failed and takes no more writes; look into the log, then restart");
    return reply.header("cache-control", "no-store").send({ status: "ready", version });
  });
}
