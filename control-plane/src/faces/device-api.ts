import type { FastifyInstance } from "fastify";
import { nobody } from "../platform/caller.ts";
import { Problem } from "../platform/problem.ts";
import { ask, byAddress } from "./ask.ts";
import type { FaceParts } from "./face.ts";
import { createHttp, type TlsCredentials } from "./http.ts";
import { listen, type Listening } from "./listen.ts";
import { refuseWrongMethod } from "./request.ts";

/** The certificate comes with its chain up to the root: devices that enrol know the root's pin only. */
export interface DeviceApiOptions extends TlsCredentials {
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
}

type DeviceApiParts = Pick<FaceParts, "actions" | "dispatch" | "newId" | "log">;

const BODY_LIMIT = 32 * 1024;
// A whole site may enrol from behind one address.
const REQUESTS_PER_MINUTE = 600;
const CONNECTIONS = 1_000;

/**
 * The few actions that devices ask for before they have an identity, over TLS and on a port of their own: what stands
 * open to every network must not be the door that people use.
 */
export async function startDeviceApi(
  parts: DeviceApiParts,
  { host, port, ...tls }: DeviceApiOptions,
): Promise<Listening> {
  const app = await createHttp(parts, { bodyLimit: BODY_LIMIT, requestsPerMinute: REQUESTS_PER_MINUTE, tls });
  app.server.maxConnections = CONNECTIONS;
  serveDeviceActions(app, parts);
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
      const caller = { ...nobody, via: "device", requestId: request.id, address: request.ip } as const;
      return ask(dispatch, action, request.body ?? {}, caller);
    },
  });
}
