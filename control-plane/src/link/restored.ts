import { streamNames, type StreamName } from "@edgemere/protocol";
import { table } from "../platform/resource.ts";

/** The last session that a device opened. */
export interface LastSession {
  readonly id: string;
  readonly epoch: number;
  readonly bootId: string;
  /** When its newest Hello was said, on the clocks of the device: the monotonic one begins anew with its agent. */
  readonly saidAt: number;
  readonly saidWallAt: number;
}

export const lastSessions = table<LastSession>("last-session");

/**
 * Whether a Hello is one that was heard already, or one from before it: brokers repeat messages, and some come when the
 * connection they were said on is over. What it tells of the device's memory was true then, and is not now. Sessions of one
 * boot are told apart by their numbers and by the wall clock, because a number that could not be written down comes again.
 */
export const isOldNews = (
  {
    bootId,
    sessionEpoch,
    time,
  }: Pick<Memory, "bootId" | "sessionEpoch"> & { readonly time?: { monotonicMs?: number; wallMs?: number } | null },
  last: LastSession | undefined,
): boolean => {
  if (last?.bootId !== bootId || sessionEpoch > last.epoch) return false;
  const [saidAt, saidWallAt] = [time?.monotonicMs ?? 0, time?.wallMs ?? 0];
  if (saidAt <= 0 || saidWallAt > last.saidWallAt) return false;
  return sessionEpoch < last.epoch || saidAt <= last.saidAt;
};

/**
 * Whether it was said in a session that has gone on since: such a Hello may be overtaken by records that were numbered
 * after it, and a process that never ended has forgotten nothing.
 */
export const isOfSession = (
  { bootId, sessionEpoch }: Pick<Memory, "bootId" | "sessionEpoch">,
  last: LastSession | undefined,
): boolean => last?.bootId === bootId && last.epoch === sessionEpoch;

/** What a Hello says about the device's memory. */
interface Memory {
  readonly sessionEpoch: number;
  readonly bootId: string;
  readonly streams: readonly { readonly stream?: string; readonly next?: number }[];
  readonly contradictedStreams?: readonly string[];
}

export interface Known {
  /** Absent when the device never opened a session here. */
  readonly last: LastSession | undefined;
  readonly watermarks: readonly { readonly stream: StreamName; readonly upTo: number }[];
  /** Whether this Hello came on the connection of that session: an agent may say hello again. */
  readonly isSameConnection: boolean;
}

/**
 * Whether a device remembers less than it told before: somebody started it from an old copy of its disk, or two devices
 * run on copies of one. An agent makes every number durable before it uses it, so neither a crash nor a power cut does this.
 */
export function restored(
  { sessionEpoch, bootId, streams, contradictedStreams = [] }: Memory,
  { last, watermarks, isSameConnection }: Known,
): { readonly reason: string } | undefined {
  const contradicted = streamNames.find((stream) => contradictedStreams.includes(stream));
  if (contradicted !== undefined)
    return { reason: `it has other records of the stream ${contradicted} than are stored under their numbers` };
  if (isSameConnection && isOfSession({ bootId, sessionEpoch }, last)) return undefined;
  for (const { stream, upTo } of watermarks) {
    const next = streams.find((each) => each.stream === stream)?.next ?? 0;
    if (next > 0 && next <= upTo)
      return { reason: `its next record of the stream ${stream} is ${next}, and ${upTo} are stored` };
  }
  // Within one boot the number of a session may be one it could not write down, on a full disk; a copy runs elsewhere or later.
  if (last === undefined || isSameConnection || sessionEpoch > last.epoch || bootId === last.bootId) return undefined;
  return { reason: `its session number is ${sessionEpoch}, after ${last.epoch} in an earlier boot` };
}
