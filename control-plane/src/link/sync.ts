import { limits, seal, type bodies, type Encodable, type Hello } from "@edgemere/protocol";
import type { AuditHead } from "../platform/audit-heads.ts";
import type { Offer } from "../platform/feature.ts";
import type { Signer } from "../platform/signer.ts";
import { bytesOf, type StreamMark } from "./watermark.ts";

/** What goes into a Sync. */
export interface SyncParts {
  readonly device: string;
  readonly epoch: number;
  readonly watermarks: readonly StreamMark[];
  readonly waiting: readonly Offer[];
  readonly generation: number;
  readonly signer: Signer;
  /** Of the keyring that the device has. */
  readonly deviceKeyring: number;
  /** Where devices reach the broker, the preferred first. Default: they are told nothing. */
  readonly brokerAddresses?: () => readonly string[];
  /** Where the audit log stands; absent where nothing was signed yet, and where there is none. */
  readonly auditHead?: () => AuditHead | undefined;
  readonly now: number;
  /** That it answers; absent when it answers none. */
  readonly hello: Pick<Hello, "streams" | "time"> | undefined;
  readonly pauseMs: number;
  readonly reconnectSpreadMs: number;
}

/** All that a device must know to go on. */
export function syncOf(parts: SyncParts): Encodable<(typeof bodies)["sync"]> {
  const { device, epoch, watermarks, waiting, generation, signer, now, pauseMs } = parts;
  const audit = parts.auditHead?.();
  const head = {
    device,
    latestSequence: Math.max(0, ...waiting.map((each) => each.latestSequence)),
    keyringVersion: signer.keyringVersion,
    asOfMs: now,
    generation,
    cancelledCommands: waiting.flatMap((each) => [...each.cancelled]),
    offeredCommands: waiting.flatMap((each) => [...each.ids]),
    brokerAddresses: [...(parts.brokerAddresses?.() ?? [])],
    renew: waiting.some((each) => each.mustRenew),
    retired: waiting.some((each) => each.isRetired),
    ...(audit && { auditHead: auditHeadOf(audit) }),
  };
  return {
    sessionEpoch: epoch,
    acknowledgements: watermarks.map((mark) => acknowledgementOf(mark, parts.hello)),
    commands: waiting.flatMap((each) => [...each.commands]),
    moreCommands: waiting.some((each) => each.more),
    head: seal("syncHead", head, ...signer.keysFor("commands")),
    keyrings: [...signer.keyringsAfter(parts.deviceKeyring)],
    serverTimeMs: now,
    helloMonotonicMs: parts.hello?.time?.monotonicMs ?? 0,
    limits: {
      messageBytes: limits.messageBytes,
      windowBytes: limits.windowBytes,
      pauseMs,
      reconnectSpreadMs: parts.reconnectSpreadMs,
    },
  };
}

/** Whether what a device still keeps of what is stored is the same, only the device can say. */
function acknowledgementOf({ stream, upTo, checksums }: StreamMark, hello: SyncParts["hello"]) {
  const kept = hello?.streams.find((each) => each.stream === stream);
  const keeps = kept !== undefined && (kept.firstUnacknowledged ?? 0) <= upTo && upTo < (kept.next ?? 0);
  return { stream, upTo, ...(keeps && { checksums: bytesOf(checksums) }) };
}

const auditHeadOf = ({ number, hash, at, generation }: AuditHead) => ({
  number,
  hash: Buffer.from(hash, "hex"),
  atMs: at,
  generation,
});
