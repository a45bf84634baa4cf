import type { Server } from "node:https";
import type { FastifyInstance } from "fastify";
import { startRenewal } from "../platform/certificate-renewal.ts";
import type { FaceParts } from "./face.ts";
import { tlsOptions, type TlsCredentials } from "./http.ts";

interface Renewed {
  /** Whose certificate it is, in words. */
  readonly name: string;
  readonly tls: TlsCredentials;
  readonly current: () => Promise<TlsCredentials>;
}

/** Has a listener that speaks HTTP show its current certificate for as long as it is open. */
export function renewing(
  app: FastifyInstance,
  { clock, log }: Pick<FaceParts, "clock" | "log">,
  { name, tls, current }: Renewed,
): void {
  const server = app.server as unknown as Server;
  const renewal = startRenewal({
    name: `renew the certificate of the ${name}`,
    first: tls,
    current,
    show: (fresh, isNew) => {
      if (isNew) server.setSecureContext(tlsOptions({ ...tls, ...fresh }));
      else if (fresh.ticketKeys) server.setTicketKeys(fresh.ticketKeys);
    },
    clock,
    log,
  });
  app.addHook("preClose", () => renewal[Symbol.asyncDispose]());
}
