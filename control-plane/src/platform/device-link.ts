import type { Packet, StreamName } from "@edgemere/protocol";
import type { RefusedRecord } from "./feature.ts";

/** A device that is there now. Gone sessions are history. */
export interface DeviceSession {
  readonly device: string;
  readonly epoch: number;
  readonly since: number;
  readonly lastHeardAt: number;
  readonly address: string;
}

/** The books of one stream of a device: `received` and what is `explained` make `upTo`, always. */
export interface StreamAccount {
  readonly stream: StreamName;
  /** Everything up to this number is stored or explained, and acknowledged. */
  readonly upTo: number;
  /** Numbers whose record is stored. */
  readonly received: number;
  /** Numbers that will never come, by reason. */
  readonly explained: Readonly<Record<string, number>>;
  /** The newest records that broke a rule: what is left of them. */
  readonly refused: readonly RefusedRecord[];
}

/** A record that a feature failed on again and again: the stream went on without it. */
export interface SetAsideRecord {
  readonly stream: StreamName;
  readonly sequence: number;
  /** When it was set aside. */
  readonly at: number;
  readonly error: string;
  readonly bytes: number;
  /** As it came, base64: the beginning of a large one. */
  readonly content: string;
}

/** The way to devices that are connected. */
export interface DeviceLink {
  sessions(): readonly DeviceSession[];
  session(device: string): DeviceSession | undefined;
  /** Accepted by the broker, not yet by the device: that news comes up like any other. Nothing happens when the device is away, or not every feature has heard of its session. */
  send(device: string, packet: Packet): Promise<void>;
  /** Sends a fresh Sync, when the device is there. Carries no data: a lost or doubled call is harmless. */
  resync(device: string): void;
  /** Tells a device that is there, in a last Sync, what has become of it, and ends its connection. */
  dismiss(device: string, reason: string): void;
  /** Ends a device's connection. */
  disconnect(device: string, reason: string): void;
  /** What a device has overdone is forgiven: it is not held back any more. */
  pardon(device: string): void;
  /** How often bytes from devices were refused since the start, by reason: all devices', or one's. */
  refusals(device?: string): Readonly<Record<string, number>>;
  /** What has become of the records of a device. */
  accounts(device: string): Promise<readonly StreamAccount[]>;
  /** The newest records of a device that were set aside. */
  setAside(device: string): Promise<readonly SetAsideRecord[]>;
}
