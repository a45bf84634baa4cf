import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { limits } from "@edgemere/protocol";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { AnyAction } from "../platform/action.ts";
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

type DeviceApiParts = Pick<FaceParts, "actions" | "dispatch" | "newId" | "log" | "clock" | "responses" | "refusals">;

const BODY_LIMIT = 32 * 1024;
const BYTES = "application/octet-stream";
// A whole site may enrol from behind one address.
const REQUESTS_PER_MINUTE = 600;
const CONNECTIONS = 1_000;

/** All that a device may ask for by its certificate alone. */
const PERMISSIONS = ["agent:renew", "file:fetch", "file:send"];

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
    hasPages: false,
    connections: CONNECTIONS,
    // Whoever is known has a share of its own: what one device fetches keeps no other of its site from enrolling.
    countedAs: ({ raw, ip }) => knownAs(raw.socket) ?? ip,
  });
  readBytesOfDevices(app);
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
      const output = await ask(dispatch, action, inputOf(action, request), caller);
      const { of, field } = action.bytesOnWire ?? {};
      if (of !== "output" || field === undefined) return output;
      return reply.type(BYTES).send(Buffer.from((output as Readonly<Record<string, string>>)[field] ?? "", "base64"));
    },
  });
}

/** Bytes as they are: of those who are known only, since they are more than a stranger may have read. */
function readBytesOfDevices(app: FastifyInstance): void {
  const isBytes = ({ headers }: FastifyRequest) => headers["content-type"]?.startsWith(BYTES) === true;
  app.addHook("preParsing", async (request) => {
    if (isBytes(request) && knownAs(request.raw.socket) === undefined)
      throw new Problem("not-signed-in", "only a device that shows its certificate sends bytes");
  });
  app.addContentTypeParser<Buffer>(
    BYTES,
    { parseAs: "buffer", bodyLimit: limits.filePieceBytes },
    (_request, body, done) => done(null, body),
  );
}

/** The fields of the body; of one that is bytes those of the address, and the bytes as the field that they are. */
function inputOf({ path, bytesOnWire }: AnyAction, { body, query }: FastifyRequest): unknown {
  if (!(body instanceof Buffer)) return body ?? {};
  if (bytesOnWire?.of !== "input")
    throw new Problem("unsupported-media-type", `${path as string} takes JSON, and no bytes`);
  return { ...(query as object), [bytesOnWire.field]: body.toString("base64") };
}

/** Who holds the certificate that was shown, and its serial number as the session; nobody without one that is ours and holds. */
function identityOf(socket: Socket): Identity {
  // A resumed session was checked in full when it began; what became of the certificate since is for the action to look up.
  if (!(socket instanceof TLSSocket) || !socket.authorized) return nobody;
  const shown = shownBy(socket);
  if (shown === undefined) return nobody;
  return { actor: `device:${shown.holder}`, permissions: PERMISSIONS, session: shown.serial };
}

function knownAs(socket: Socket): string | undefined {
  const { actor } = identityOf(socket);
  return actor === nobody.actor ? undefined : actor;
}
