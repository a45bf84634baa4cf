import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { FastifyInstance } from "fastify";
import { nobody, type Identity } from "../platform/caller.ts";
import { Problem } from "../platform/problem.ts";
import { shownBy } from "../platform/shown-certificate.ts";
import { ask, byAddress } from "./ask.ts";
import type { FaceParts } from "./face.ts";
import { createHttp, type TlsCredentials } from "./http.ts";
import { listen, type Listening } from "./listen.ts";
import { renewing } from "./renewing.ts";
import { refuseWrongMethod } from "./request.ts";

/** The certificate comes with its chain up to the root: devices that enrol know the root's pin only. */
export interface DeviceApiOptions extends TlsCredentials {
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  /** The same credentials, or fresh ones when those end soon. Default: these stay. */
  readonly current?: () => Promise<TlsCredentials>;
}

type DeviceApiParts = Pick<FaceParts, "actions" | "dispatch" | "newId" | "log" | "clock" | "responses">;

const BODY_LIMIT = 32 * 1024;
// A whole site may enrol from behind one address.
const REQUESTS_PER_MINUTE = 600;
const CONNECTIONS = 1_000;

/** All that a device may ask for by its certificate alone. */
const PERMISSIONS = ["agent:renew"];

/**
 * The few actions that devices ask for to have an identity and to keep it, over TLS and on a port of their own: what stands
 * open to every network must not be the door that people use. A device that shows its certificate is known by it.
 */
export async function startDeviceApi(
  parts: DeviceApiParts,
  { host, port, current, ...tls }: DeviceApiOptions,
): Promise<Listening> {
  const app = await createHttp(parts, {
    name: "device",
    bodyLimit: BODY_LIMIT,
    requestsPerMinute: REQUESTS_PER_MINUTE,
    tls,
    connections: CONNECTIONS,
  });
  serveDeviceActions(app, parts);
  if (current !== undefined) renewing(app, parts, { name: "device API", tls, current });
  return listen(app, { host, port });
}

function serveDeviceActions(app: FastifyInstance, { actions, dispatch }: DeviceApiParts): void {
  const served = byAddress(actions.filter(({ forDevices }) => forDevices));
  app.route<{ Params: { "*": string } }>({
    method: ["GET", "POST", "DELETE", "PUT", "PATCH"],
    url: "/edgemere/*",
    config: { access: "dispatch" },
    handler: async (request, reply) => {
      const action = served.get(request.params["*"].toLowerCase());
      if (action === undefined)
        throw new Problem(
          "unknown-action",
          `devices may ask only for ${[...served.keys()].join(", ")} here; people and programs have another port`,
        );
      refuseWrongMethod(action, request, reply);
      reply.header("cache-control", "no-store");
      const caller = {
        ...identityOf(request.raw.socket),
        via: "device",
        requestId: request.id,
        address: request.ip,
      } as const;
      return ask(dispatch, action, request.body ?? {}, caller);
    },
  });
}

/** Who holds the certificate that was shown, and its serial number as the session; nobody without one that is ours and holds. */
function identityOf(socket: Socket): Identity {
  // A resumed session was checked in full when it began; what became of the certificate since is for the action to look up.
  if (!(socket instanceof TLSSocket) || !socket.authorized) return nobody;
  const shown = shownBy(socket);
  if (shown === undefined) return nobody;
  return { actor: `device:${shown.holder}`, permissions: PERMISSIONS, session: shown.serial };
}
