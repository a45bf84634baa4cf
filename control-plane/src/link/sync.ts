import { limits, seal, type bodies, type Encodable, type SigningKey, type StreamName } from "@edgemere/protocol";
import type { Offer } from "../platform/feature.ts";

/** What goes into a Sync. */
export interface SyncParts {
  readonly device: string;
  readonly epoch: number;
  readonly watermarks: readonly { readonly stream: StreamName; readonly upTo: number }[];
  readonly waiting: readonly Offer[];
  readonly generation: number;
  readonly keyringVersion: number;
  readonly signingKey: SigningKey;
  /** Where devices reach the broker, the preferred first. Default: they are told nothing. */
  readonly brokerAddresses?: () => readonly string[];
  readonly now: number;
  /** Of the Hello that it answers; 0 when it answers none. */
  readonly helloMonotonicMs: number;
  readonly pauseMs: number;
  readonly reconnectSpreadMs: number;
}

/** All that a device must know to go on. */
export function syncOf(parts: SyncParts): Encodable<(typeof bodies)["sync"]> {
  const { device, epoch, watermarks, waiting, generation, keyringVersion, signingKey, now, pauseMs } = parts;
  const head = {
    device,
    latestSequence: Math.max(0, ...waiting.map((each) => each.latestSequence)),
    keyringVersion,
    asOfMs: now,
    generation,
    cancelledCommands: waiting.flatMap((each) => [...each.cancelled]),
    brokerAddresses: [...(parts.brokerAddresses?.() ?? [])],
  };
  return {
    sessionEpoch: epoch,
    acknowledgements: [...watermarks],
    commands: waiting.flatMap((each) => [...each.commands]),
    moreCommands: waiting.some((each) => each.more),
    head: seal("syncHead", head, signingKey),
    serverTimeMs: now,
    helloMonotonicMs: parts.helloMonotonicMs,
    limits: {
      messageBytes: limits.messageBytes,
      windowBytes: limits.windowBytes,
      pauseMs,
      reconnectSpreadMs: parts.reconnectSpreadMs,
    },
  };
}
