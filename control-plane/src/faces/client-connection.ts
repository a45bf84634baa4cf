import { io, type Socket } from "socket.io-client";
import { isProblem, ProblemError, Unreachable } from "./client-problem.ts";

export interface ConnectionOptions {
  /** Empty for the origin of the page. */
  readonly baseUrl: string;
  readonly token?: string | undefined;
  /** Told whenever the connection comes (undefined) or goes (why). Coming back is tried for ever. */
  readonly onConnection?: (lost: Error | undefined) => void;
}

/** A connection to the live channel that comes back by itself; `fail` is told why it cannot. */
export function connectLive(
  { baseUrl, token, onConnection }: ConnectionOptions,
  fail: (error: Error) => void,
): Socket & Disposable {
  const socket = io(baseUrl || "/", {
    path: "/edgemere/socket.io",
    transports: ["websocket"],
    forceNew: true,
    ...(token !== undefined && { auth: { token } }),
  });
  socket.on("connect_error", (error: Error & { readonly data?: unknown }) => {
    if (isProblem(error.data)) fail(new ProblemError(error.data));
    else if (socket.active) onConnection?.(error);
    else fail(new Unreachable(`the control plane refused the live channel: ${error.message}`, { cause: error }));
  });
  socket.on("disconnect", (reason) => {
    onConnection?.(new Error(reason));
    // The control plane ended it, which is not repaired by itself: asking again tells why.
    if (!socket.active) socket.connect();
  });
  return Object.assign(socket, {
    [Symbol.dispose]: () => {
      socket.off();
      const { engine } = socket.io;
      const leave = () => void socket.disconnect();
      // Browsers warn of a connection that is given up before it stands.
      if (engine?.readyState !== "opening") return leave();
      engine.once("open", leave);
      engine.once("close", leave);
    },
  });
}
