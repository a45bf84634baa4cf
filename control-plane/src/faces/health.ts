import type { FastifyInstance, FastifyReply } from "fastify";
import type { FaceParts } from "./face.ts";

/**
 * For whoever watches the process, without credentials and without details. `/healthz`: whether it works, 503 when it should be
 * started anew. `/readyz`: whether to send it requests.
 */
export function serveHealth(app: FastifyInstance, { health, version }: FaceParts): void {
  const answer = (reply: FastifyReply) => {
    const found = health();
    return reply
      .header("cache-control", "no-store")
      .status(found.status === "failed" ? 503 : 200)
      .send({ ...found, version });
  };
  for (const path of ["/healthz", "/readyz"])
    app.get(path, { config: { rateLimit: false, access: "everyone" } }, (_, reply) => answer(reply));
}
