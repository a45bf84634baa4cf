import { table } from "../../platform/resource.ts";
import type { Settings, Wanted } from "./settings-wanted.ts";

/** What was asked of an option in the name of a policy. */
export interface AskedSetting {
  /** Undefined: what the host itself says. */
  readonly values?: readonly string[];
  readonly policy: string;
  readonly account?: string;
  /** The job; empty where there is none, and `problem` tells why. */
  readonly job: string;
  readonly problem?: string;
  /** Whether the device may have been told of another value than people want. */
  readonly isTouched: boolean;
}

/** A device of which policies want something, or that is being put back. */
export interface DeviceSettings extends Wanted {
  /** The device. */
  readonly id: string;
  readonly version: number;
  readonly since: number;
  readonly base: Settings;
  readonly asked: Readonly<Record<string, AskedSetting>>;
}
export const deviceSettings = table<DeviceSettings>("policysettings");
