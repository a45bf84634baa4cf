import { MINUTE, SECOND } from "@edgemere/protocol/kit";
import type { HostSource } from "../host/host.ts";
import type { RollUpFunction } from "./roll-up.ts";

/** How thoroughly a device is watched. Durations are milliseconds. */
export interface Profile {
  readonly sample: number;
  readonly report: number;
  /** One row for so long; absent where every sample is sent. */
  readonly resolution?: number;
  readonly rollUp: readonly RollUpFunction[];
  readonly keepalive: number;
  /** How old the newest signed word of the control plane becomes before it is asked for another. */
  readonly headEvery: number;
  /** What is measured, each at least so long apart, and never more often than `sample`. */
  readonly sources: Readonly<Partial<Record<HostSource, number>>>;
}

export const profileNames = ["frugal", "normal", "detailed"] as const;
export type ProfileName = (typeof profileNames)[number];

export const profiles: Readonly<Record<ProfileName, Profile>> = {
  frugal: {
    sample: MINUTE,
    report: 15 * MINUTE,
    resolution: 15 * MINUTE,
    rollUp: ["max"],
    keepalive: 5 * MINUTE,
    headEvery: 30 * MINUTE,
    sources: {
      cpu: 0,
      load: 0,
      memory: 0,
      filesystems: 15 * MINUTE,
      network: 0,
      temperatures: 0,
      agent: 15 * MINUTE,
    },
  },
  normal: {
    sample: 10 * SECOND,
    report: 10 * SECOND,
    rollUp: ["min", "max"],
    keepalive: MINUTE,
    headEvery: 5 * MINUTE,
    sources: {
      cpu: 0,
      load: 0,
      memory: 0,
      pressure: 0,
      disks: 0,
      filesystems: MINUTE,
      network: 0,
      temperatures: 30 * SECOND,
      processes: MINUTE,
      agent: MINUTE,
    },
  },
  detailed: {
    sample: SECOND,
    report: 10 * SECOND,
    rollUp: ["min", "max"],
    keepalive: MINUTE,
    headEvery: 5 * MINUTE,
    sources: {
      cpu: 0,
      cores: 0,
      load: 0,
      memory: 0,
      pressure: 0,
      disks: 0,
      filesystems: 10 * SECOND,
      network: 0,
      temperatures: 10 * SECOND,
      processes: 10 * SECOND,
      programs: 10 * SECOND,
      agent: 10 * SECOND,
    },
  },
};
