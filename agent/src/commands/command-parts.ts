import type { KeyObject } from "node:crypto";
import type { CommandKind, SigningKey, Trust } from "@edgemere/protocol";
import type { Env } from "@edgemere/protocol/kit";
import type { Host } from "../host/host.ts";
import type { Alerts } from "../link/alerts.ts";
import type { Outbox } from "../link/outbox.ts";
import type { TerminalRoad } from "../link/terminal-road.ts";
import type { ChangeGuard } from "./changes/change-guard.ts";
import type { Settings } from "../settings.ts";
import type { FileSurroundings } from "./files/transfer.ts";
import type { Arriving } from "../neighbours/arriving.ts";
import type { DataPlaces, MountDuty, PolicyDuty } from "./handlers/handler.ts";
import type { HostPolicy } from "./host-policy.ts";
import type { ReleaseUpgrade } from "./release-upgrade.ts";

/** What carrying out commands needs. */
export interface CommandParts {
  readonly env: Env;
  readonly host: Host;
  readonly outbox: Outbox;
  readonly identity: { readonly device: string; readonly trustDomain: string };
  readonly trust: Trust;
  /** Signs what the device says of ended commands. */
  readonly messageKey: SigningKey;
  /** X25519: opens the secrets of commands. */
  readonly sealingKey: KeyObject;
  readonly alerts: Alerts;
  /** The way of terminals' frames. */
  readonly terminals: TerminalRoad;
  /** Of changes that may cut this device off. */
  readonly changes: ChangeGuard;
  /** What moving files needs. */
  readonly files: FileSurroundings;
  /** The directories whose data this device tells of. */
  readonly data: DataPlaces;
  readonly arriving?: Arriving | undefined;
  /** Absent where nothing is mounted. */
  readonly mounts?: MountDuty | undefined;
  /** The policies that this device watches by itself. */
  readonly policies: PolicyDuty;
  /** What of the agent may be set from far away; nothing when absent. */
  readonly settings?: Pick<Settings<unknown>, "change" | "over" | "undoOf"> | undefined;
  /** Of the agent's own releases. */
  readonly upgrade: ReleaseUpgrade;
  /** What the host itself forbids. */
  readonly policy: HostPolicy;
  readonly config: { readonly allow: readonly CommandKind[]; readonly logRoots?: readonly string[] };
  /** The control plane's wall clock as far as it is known, the device's own otherwise. */
  readonly correctedNow: () => number;
  /** Reports the inventory now; gives the number of facts. */
  readonly refreshInventory: () => Promise<number>;
  /** The control plane can be told something now; it is, while a command runs. */
  readonly isConnected: () => boolean;
  /** How often the agent died soon after its start, in a row, while that is so often that only ping is to run; 0 otherwise. */
  readonly earlyDeaths: () => number;
}
