import type { Clock, Log } from "@edgemere/protocol/kit";
import { TokenBucket } from "../platform/token-bucket.ts";
import type { Live } from "./live-socket.ts";

/** Messages of one connection, whatever they hold, also of those who have not signed in. A portal sends a few a second. */
const MESSAGES = { perSecond: 100, burst: 1_000 };
/** Answers that were not read yet. */
const UNREAD = 256;

/** Ends connections that send faster than anybody works, and those that ask and ask and do not read what is answered. */
export function keepPace(io: Live, { clock, log }: { readonly clock: Clock; readonly log: Log }): void {
  io.engine.on("connection", (connection: Connection) => {
    const messages = new TokenBucket(MESSAGES, clock.monotonic());
    connection.on("packet", () => {
      const why = !messages.tryTake(1, clock.monotonic())
        ? "it sends too fast"
        : connection.writeBuffer.length > UNREAD && "it does not read";
      if (why === false) return;
      log.warn("connection ended", { address: connection.remoteAddress, why });
      connection.close(true);
    });
  });
}

/** As far as engine.io shows one. */
interface Connection {
  readonly remoteAddress: string;
  readonly writeBuffer: readonly unknown[];
  on(event: "packet", listener: () => void): void;
  close(isAtOnce: boolean): void;
}
