import type { FastifyInstance } from "fastify";
import { Problem } from "../platform/problem.ts";

/** Node's own refusal of a request without a host is no problem document, so it is left to `refuseStrangeHeads`. */
export const headOptions = { requireHostHeader: false };

/** Refuses, as everything else is refused, what Node would let pass or would answer without a word (RFC 9112, 3.2 and 2.3). */
export function refuseStrangeHeads(app: FastifyInstance): void {
  // What else than 100-continue somebody expects may be passed over (RFC 9110, 10.1.1).
  app.server.on("checkExpectation", (request, response) => app.server.emit("request", request, response));
  app.addHook("onRequest", async ({ raw: { httpVersion, rawHeaders } }) => {
    if (httpVersion === "0.9") throw new Problem("invalid-input", "HTTP/0.9 is not spoken here: ask with HTTP/1.1");
    const hosts = rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === "host").length;
    if (hosts > 1 || (hosts === 0 && httpVersion === "1.1"))
      throw new Problem("invalid-input", "a request of HTTP/1.1 names the one host that it is for, in one header Host");
  });
}
