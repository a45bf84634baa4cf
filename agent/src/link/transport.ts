import type { Packet } from "@edgemere/protocol";
import type { TrustedTime } from "../clock/trusted-time.ts";

/** One connection to a broker: made once, never mended. */
export interface Connection {
  /** Resolves when the broker has said PUBACK; that says nothing about storage. Rejects when the connection is lost before. */
  publish(packet: Packet): Promise<void>;
  /** Ends the connection without a will. Safe to repeat. */
  close(): Promise<void>;
  /** Subscriptions of the device that the broker did not grant; absent when it granted all. */
  readonly refusedTopics?: readonly string[];
}

export interface ConnectionEvents {
  arrived(topic: string, payload: Uint8Array): void;
  /** Told at most once, and never after `close`. */
  lost(reason: string): void;
  /** Told what the connection takes on the wire, estimated, as it goes on. */
  moved?(bytes: number): void;
}

export interface ConnectOptions {
  /** One of the broker's, `mqtts://host:port`; a name is looked up anew each time. */
  readonly address: string;
  readonly will: Packet;
  /** By which dates of certificates are judged. */
  readonly time: TrustedTime;
}

/** The way to a broker: MQTT over mutual TLS, or a simulated network. Connects with a clean session and all of the device's subscriptions. */
export interface Transport {
  /** Throws ConnectError. The broker tells the will when the connection is lost without `close`. */
  connect(options: ConnectOptions, events: ConnectionEvents, signal: AbortSignal): Promise<Connection>;
}

/** The same way, whose use is counted. */
export const metered = (transport: Transport, moved: (bytes: number) => void): Transport => ({
  connect: (options, events, signal) => transport.connect(options, { ...events, moved }, signal),
});

/**
 * refused: somebody is there and does not want this device, so hurry is no use; busy: somebody is there and has no room
 * at the moment; unreachable: there was nobody of ours to ask.
 */
export type ConnectErrorKind = "refused" | "busy" | "unreachable";

/** There is no connection. The agent keeps its identity and tries again, whatever the reason. */
export class ConnectError extends Error {
  readonly kind: ConnectErrorKind;
  readonly retryAfterMs: number | undefined;
  constructor(kind: ConnectErrorKind, message: string, options: { cause?: unknown; retryAfterMs?: number } = {}) {
    super(message, { cause: options.cause });
    this.name = "ConnectError";
    this.kind = kind;
    this.retryAfterMs = options.retryAfterMs;
  }
}
