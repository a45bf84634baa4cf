import type { Packet } from "@edgemere/protocol";

/** One connection to a broker: made once, never mended. */
export interface Connection {
  /** Resolves when the broker has said PUBACK; that says nothing about storage. Rejects when the connection is lost before. */
  publish(packet: Packet): Promise<void>;
  /** Ends the connection without a will. Safe to repeat. */
  close(): Promise<void>;
}

export interface ConnectionEvents {
  arrived(topic: string, payload: Uint8Array): void;
  /** Told at most once, and never after `close`. */
  lost(reason: string): void;
}

/** The way to a broker: MQTT over mutual TLS, or a simulated network. Connects with a clean session and all of the device's subscriptions. */
export interface Transport {
  /** Throws ConnectError. The broker tells the will when the connection is lost without `close`. */
  connect(options: { readonly will: Packet }, events: ConnectionEvents, signal: AbortSignal): Promise<Connection>;
}

/** There is no connection. The agent keeps its identity and tries again, whatever the reason. */
export class ConnectError extends Error {
  /** refused: somebody is there and does not want this device, so hurry is no use. */
  readonly kind: "refused" | "unreachable";
  readonly retryAfterMs: number | undefined;
  constructor(
    kind: "refused" | "unreachable",
    message: string,
    options: { cause?: unknown; retryAfterMs?: number } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = "ConnectError";
    this.kind = kind;
    this.retryAfterMs = options.retryAfterMs;
  }
}
