import type { FaceParts } from "./face.ts";
import { TokenBucket } from "../platform/token-bucket.ts";
import { LIVE, type Live } from "./live-socket.ts";

/** Messages of one connection, whatever they hold, also of those who have not signed in. A portal sends a few a second. */
const MESSAGES = { perSecond: 100, burst: 1_000 };
/** Answers that were not read yet. */
const UNREAD = 256;
/** engine.io's number for what `allowRequest` refused. */
const FORBIDDEN = 4;

/**
 * Ends connections that send faster than anybody works, and those that ask and ask and do not read what is answered. Counts
 * these, and what was no connection or ended as one because of what it sent.
 */
export function keepPace(io: Live, { clock, log, refusals }: Pick<FaceParts, "clock" | "log" | "refusals">): void {
  const count = (reason: string) => refusals?.add([LIVE, reason]);
  io.engine.on("connection_error", ({ code }: { readonly code: number }) =>
    count(code === FORBIDDEN ? "forbidden" : "invalid-input"),
  );
  /** Connections from which somebody asked to be let in; that this is refused is counted where it is. */
  const asked = new WeakSet<object>();
  io.use(({ conn }, next) => {
    asked.add(conn);
    next();
  });
  io.on("connection", (socket) => socket.on("error", () => count("malformed")));
  io.engine.on("connection", (connection: Connection) => {
    let wasEnded = false;
    const messages = new TokenBucket(MESSAGES, clock.monotonic());
    connection.on("packet", () => {
      const why = !messages.tryTake(1, clock.monotonic())
        ? "too-fast"
        : connection.writeBuffer.length > UNREAD && "does-not-read";
      if (why === false || wasEnded) return;
      wasEnded = true;
      count(why);
      log.warn("connection ended", { address: connection.remoteAddress, why });
      connection.close(true);
    });
    connection.transport.socket.on("error", ({ code = "" }) => {
      if (code === "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH") count("too-large");
      else if (code.startsWith("WS_ERR_")) count("malformed");
    });
    connection.on("close", (reason) => {
      if (reason === "parse error") count("malformed");
      // Nobody else ends one that was never let in: it said what means nothing, or nothing in time.
      else if (reason === "forced close" && !wasEnded && !asked.has(connection)) count("never-joined");
    });
  });
}

/** As far as engine.io shows one. */
interface Connection {
  readonly remoteAddress: string;
  readonly writeBuffer: readonly unknown[];
  readonly transport: {
    readonly socket: { on(event: "error", listener: (error: { readonly code?: string }) => void): void };
  };
  on(event: "packet", listener: () => void): void;
  on(event: "close", listener: (reason: string) => void): void;
  close(isAtOnce: boolean): void;
}
