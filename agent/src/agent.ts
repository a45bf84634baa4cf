import type { Env } from "@edgemere/protocol/kit";
import type { AgentConfig } from "./config.ts";
import type { Host } from "./host/host.ts";
import type { Identity } from "./link/identity.ts";
import type { Transport } from "./link/transport.ts";

export interface AgentParts {
  readonly env: Env;
  readonly host: Host;
  readonly transport: Transport;
  readonly identity: Identity;
  readonly config: AgentConfig;
}

/** A running agent. Disposing of it says goodbye and leaves everything durable. */
export interface Agent extends AsyncDisposable {
  /** Resolves when the duties run; the connection comes and goes by itself. */
  start(): Promise<void>;
  readonly isConnected: boolean;
  /** For whoever looks at many agents at once. */
  status(): AgentStatus;
}

export interface AgentStatus {
  readonly isConnected: boolean;
  readonly sessionEpoch: number;
  readonly spoolBytes: number;
  readonly unacknowledged: number;
  readonly sampled: number;
  readonly openCommands: number;
}

/** Wires the parts. Reads what a former run left on the disk. */
export async function createAgent(_parts: AgentParts): Promise<Agent> {
  throw new Error("not wired yet");
}
