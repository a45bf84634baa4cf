import { streamNames, type Encodable, type v1 } from "@edgemere/protocol";
import type { Env } from "@edgemere/protocol/kit";
import type { DeviceClock } from "../clock/device-clock.ts";
import type { AuditWitness } from "./audit-witness.ts";
import type { CommandDuty } from "./down.ts";
import type { Spool } from "./spool/spool.ts";

/** What a Hello says that does not change while the agent runs. */
export interface Introduction {
  readonly bootId: string;
  readonly agentVersion: string;
  /** Optional duties; the command duty adds its own. */
  readonly capabilities: readonly string[];
  readonly lastExitReason: string;
}

interface HelloParts {
  readonly env: Pick<Env, "clock">;
  readonly spool: Spool;
  readonly duty: CommandDuty;
  readonly time: DeviceClock;
  readonly witness: Pick<AuditWitness, "countersigned">;
  readonly introduction: Introduction;
  readonly keyring: { readonly version: number };
}

/** Who this device is and where it stands, now. */
export function helloOf(
  { env, spool, duty, time, witness, introduction, keyring }: HelloParts,
  sessionEpoch: number,
  conditions: readonly string[],
  contradictedStreams: readonly string[],
): Encodable<typeof v1.Hello> {
  const { highSequence, open: openCommands, generation } = duty.status();
  const auditHead = witness.countersigned();
  return {
    ...introduction,
    sessionEpoch,
    capabilities: [...duty.capabilities, ...introduction.capabilities],
    streams: streamNames.map((stream) => ({ stream, ...spool.position(stream) })),
    commandHighSequence: highSequence,
    openCommands: [...openCommands],
    time: { wallMs: Math.max(0, Math.round(env.clock.now())), monotonicMs: env.clock.monotonic() },
    spoolBytes: spool.bytes,
    clockPeriod: time.period,
    conditions: [...conditions],
    contradictedStreams: [...contradictedStreams],
    generation,
    keyringVersion: keyring.version,
    ...(auditHead && { auditHead }),
  };
}
