import type { Server as HttpServer } from "node:http";
import { Reconciler, SECOND } from "@edgemere/protocol/kit";
import { Server } from "socket.io";
import { Problem } from "../platform/problem.ts";
import { byAddress } from "./ask.ts";
import { credentialOf, type Cookies } from "./credential.ts";
import { isKnownOrigin, refuseForeignOrigin } from "./known-origin.ts";
import type { FaceParts } from "./face.ts";
import { answerCalls } from "./live-calls.ts";
import { keepPace } from "./live-pace.ts";
import { LIVE, refuseUnheard, type Live, type LiveSocket } from "./live-socket.ts";
import { answerSubscriptions } from "./live-subscriptions.ts";
import { answerTerminals } from "./live-terminals.ts";
import { endWithProblem } from "./noise.ts";
import { problemOf } from "./refusal.ts";

const PATH = "/edgemere/socket.io";
const MESSAGE_BYTES = 1024 * 1024;
const JOIN_WITHIN = 10 * SECOND;
// A revoked credential ends its connections within a second.
const CHECK_EVERY = SECOND / 2;

/** The same actions as REST, and the events as they come, over socket.io at `/edgemere/socket.io`. */
export function serveLive(
  server: HttpServer,
  parts: FaceParts,
  parseCookies: (header: string) => Cookies,
): AsyncDisposable {
  const io: Live = new Server(server, {
    path: PATH,
    // It would forget a connection that was answered before, and nobody would ever end that.
    destroyUpgrade: false,
    // Long polling would be a second way in, with requests of its own to look at.
    transports: ["websocket"],
    serveClient: false,
    maxHttpBufferSize: MESSAGE_BYTES,
    connectTimeout: JOIN_WITHIN,
    // A page from elsewhere is sent away before it costs anything; a program has no origin, and needs a token then.
    allowRequest: ({ headers }, callback) => {
      const isWelcome = headers.origin === undefined || isKnownOrigin(headers, parts.origins);
      callback(isWelcome ? null : "this origin may not act here", isWelcome);
    },
  });
  // Whoever listens for upgrades gets all of them, wherever they are for.
  server.on("upgrade", ({ url = "" }, socket) => {
    if (url.startsWith(`${PATH}/`)) return;
    parts.refusals?.add([LIVE, "invalid-input"]);
    socket.on("error", () => socket.destroy());
    endWithProblem(
      socket,
      new Problem("invalid-input", "this address speaks HTTP/1.1 and nothing else; leave out the header Upgrade"),
    );
  });
  const actions = byAddress(parts.actions);
  keepPace(io, parts);

  io.use((socket, next) => {
    admit(socket, parts, parseCookies).then(
      () => next(),
      (error: unknown) => {
        const requestId = parts.newId();
        const problem = problemOf(error, { log: parts.log, requestId });
        parts.refusals?.add([LIVE, problem.type]);
        next(Object.assign(new Error(problem.message), { data: problem.toDocument(requestId) }));
      },
    );
  });
  io.on("connection", (socket) => {
    // Who left and kept the connection would be asked for nothing any more.
    socket.on("disconnect", () => socket.conn.close());
    answerCalls(socket, parts, actions);
    answerSubscriptions(socket, parts);
    answerTerminals(socket, parts);
    refuseUnheard(socket, parts);
  });

  const checking = new Reconciler(
    {
      name: "end connections of ended credentials",
      every: CHECK_EVERY,
      onError: (error) => parts.log.error("loop failed", { loop: "end connections of ended credentials", error }),
      step: async () => {
        await endRevoked(io, parts);
        return "settled";
      },
    },
    parts.clock,
  );
  checking.start();
  return {
    [Symbol.asyncDispose]: async () => {
      await checking[Symbol.asyncDispose]();
      io.disconnectSockets(true);
      // Not io.close(): the server below belongs to REST too, which closes it.
      io.engine.close();
    },
  };
}

async function admit(socket: LiveSocket, parts: FaceParts, parseCookies: (header: string) => Cookies): Promise<void> {
  const { auth, headers } = socket.handshake;
  const { token } = auth as { readonly token?: unknown };
  const credential =
    typeof token === "string"
      ? ({ text: token, from: "header" } as const)
      : credentialOf(headers.authorization, parseCookies(headers.cookie ?? ""));
  if (credential?.from === "cookie") refuseForeignOrigin(headers, parts.origins);
  if (credential === undefined)
    throw new Problem("not-signed-in", "sign in first: give a token in `auth`, or come with the portal's cookie");
  if ((await parts.authenticate(credential.text)) === undefined)
    throw new Problem("not-signed-in", "the credential is wrong, has expired or was revoked; sign in again");
  socket.data.credential = credential.text;
}

async function endRevoked(io: Live, { authenticate }: FaceParts): Promise<void> {
  const sockets = [...io.of("/").sockets.values()];
  for (const credential of new Set(sockets.map(({ data }) => data.credential))) {
    if ((await authenticate(credential)) !== undefined) continue;
    for (const socket of sockets) if (socket.data.credential === credential) socket.disconnect(true);
  }
}
