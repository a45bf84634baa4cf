import type { Packet } from "@edgemere/protocol";
import type { Env } from "@edgemere/protocol/kit";
import type { DeviceClock } from "../clock/device-clock.ts";
import type { Alerts } from "./alerts.ts";
import type { AuditWitness } from "./audit-witness.ts";
import type { HasConditions } from "./conditions.ts";
import type { CommandDuty } from "./down.ts";
import type { Introduction } from "./hello.ts";
import type { Renewal } from "./renewal.ts";
import type { Spool } from "./spool/spool.ts";
import type { TerminalRoad } from "./terminal-road.ts";
import type { Transport } from "./transport.ts";
import type { TrustedKeyring } from "./trusted-keyring.ts";

export interface SessionParts {
  readonly env: Env;
  readonly device: string;
  readonly transport: Transport;
  readonly address: string;
  readonly spool: Spool;
  readonly duty: CommandDuty;
  readonly terminals: TerminalRoad;
  readonly keyring: TrustedKeyring;
  readonly alerts: Alerts;
  readonly time: DeviceClock;
  readonly witness: AuditWitness;
  readonly introduction: Introduction;
  /** What looks after the certificate; absent where there is none to look after. */
  readonly renewal?: Pick<Renewal, "conditions" | "demanded" | "established" | "refused" | "status"> | undefined;
  readonly measuring?: HasConditions | undefined;
  /** Told when the control plane has said, signed, that this device belongs there no more. */
  readonly onRetired?: () => void;
  /** Told when the control plane has answered. */
  readonly onEstablished: (publish: (packet: Packet) => void) => void;
  /** Told where the control plane says that it is. */
  readonly onAddresses: (told: readonly string[]) => void;
  /** Something began or ceased to be wrong with this agent. */
  readonly onConditions: () => void;
}
