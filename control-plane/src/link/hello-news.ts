import type { Hello } from "@edgemere/protocol";
import type { SessionNews } from "../platform/feature.ts";

/** What the features are told of a Hello that came at `now`; one of a session that goes on says nothing of what was forgotten. */
export function newsOf(hello: Hello, now: number, isSameSession: boolean): NonNullable<SessionNews["hello"]> {
  return {
    bootId: hello.bootId,
    agentVersion: hello.agentVersion,
    lastExitReason: hello.lastExitReason,
    clockPeriod: hello.clockPeriod,
    spoolBytes: hello.spoolBytes,
    generation: hello.generation,
    keyringVersion: hello.keyringVersion,
    ...(!isSameSession && { commandHighSequence: hello.commandHighSequence }),
    ...(hello.auditHead && { auditHead: hello.auditHead }),
    capabilities: [...hello.capabilities],
    conditions: [...hello.conditions],
    openCommands: [...hello.openCommands],
    clockOffset: hello.time ? (hello.time.wallMs ?? now) - now : 0,
    streams: hello.streams.map(({ stream, firstUnacknowledged, next, bytes }) => ({
      stream,
      firstUnacknowledged,
      next,
      bytes,
    })),
  };
}
