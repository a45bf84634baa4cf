import type { Packet } from "@edgemere/protocol";

/** A device that is there now. Gone sessions are history. */
export interface DeviceSession {
  readonly device: string;
  readonly epoch: number;
  readonly since: number;
  readonly lastHeardAt: number;
  readonly address: string;
}

/** The way to devices that are connected. */
export interface DeviceLink {
  sessions(): readonly DeviceSession[];
  session(device: string): DeviceSession | undefined;
  /** Accepted by the broker, not yet by the device: that news comes up like any other. Nothing happens when the device is away. */
  send(device: string, packet: Packet): Promise<void>;
  /** Sends a fresh Sync, when the device is there. Carries no data: a lost or doubled call is harmless. */
  resync(device: string): void;
  /** Ends a device's connection. */
  disconnect(device: string, reason: string): void;
  /** How often bytes from devices were refused, by reason. */
  refusals(): Readonly<Record<string, number>>;
}
