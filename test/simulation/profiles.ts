/** What may happen to a small world, and how much of it. */
export interface Profile {
  readonly name: string;
  /** How often each fault is drawn, in relation to the others; each seed leaves some of them out. */
  readonly faults: Readonly<Partial<Record<Fault, number>>>;
  readonly spoolBytes: number;
  /** Largest shares of packets that fare so; each seed draws below. */
  readonly weather?: { readonly lost: number; readonly repeated: number; readonly overtaken: number };
  /** Whether machines may have clocks that are slow, fast, or not set. */
  readonly areClocksBad?: boolean;
}

export type Fault =
  // processes
  | "kill-agent"
  | "cut-power"
  | "stop-agent"
  | "freeze-agent"
  | "kill-control-plane"
  | "cut-power-of-control-plane"
  | "kill-both"
  | "freeze-control-plane"
  // disks
  | "put-disk-back"
  | "copy-disk"
  | "restore-control-plane"
  | "fill-disk"
  | "slow-disk"
  | "fail-sync"
  | "flip-bit"
  | "fill-database"
  | "slow-database"
  // network
  | "cut-network"
  | "cut-one-way"
  | "reset-connection"
  | "stall-connection"
  | "forge-command"
  // clocks
  | "step-clock"
  | "suspend-host"
  // people
  | "retire";

const ROOMY = 1024 ** 2;

export const profiles: readonly Profile[] = [
  {
    name: "agents die",
    faults: { "kill-agent": 4, "cut-power": 6, "stop-agent": 1, "freeze-agent": 1, "reset-connection": 1 },
    spoolBytes: ROOMY,
  },
  {
    name: "the control plane dies",
    faults: {
      "kill-control-plane": 3,
      "cut-power-of-control-plane": 3,
      "freeze-control-plane": 2,
      "slow-database": 1,
      "reset-connection": 1,
    },
    spoolBytes: ROOMY,
  },
  {
    name: "the control plane is restored",
    faults: {
      "restore-control-plane": 5,
      "kill-control-plane": 1,
      "cut-power-of-control-plane": 1,
      "fill-database": 0.5,
      "kill-agent": 1,
      "cut-power": 1,
      "cut-network": 2,
      "reset-connection": 1,
      retire: 0.5,
    },
    spoolBytes: 32 * 1024,
    weather: { lost: 0.02, repeated: 0.1, overtaken: 0.05 },
  },
  {
    name: "disks are old ones",
    faults: {
      "put-disk-back": 5,
      "copy-disk": 2,
      "kill-agent": 1,
      "cut-power": 2,
      "kill-control-plane": 1,
      "cut-network": 3,
      "reset-connection": 1,
    },
    spoolBytes: ROOMY,
    weather: { lost: 0.02, repeated: 0.1, overtaken: 0.05 },
  },
  {
    name: "the network breaks",
    faults: { "cut-network": 4, "cut-one-way": 3, "reset-connection": 4, "stall-connection": 2, "stop-agent": 1 },
    spoolBytes: ROOMY,
    weather: { lost: 0.05, repeated: 0.2, overtaken: 0.1 },
  },
  {
    name: "disks are full",
    faults: { "fill-disk": 5, "cut-network": 3, "kill-agent": 2, "cut-power": 1, "fill-database": 1 },
    spoolBytes: 16 * 1024,
  },
  {
    name: "disks lie",
    faults: { "fail-sync": 4, "flip-bit": 2, "slow-disk": 2, "cut-power": 4, "kill-agent": 2, "cut-network": 1 },
    spoolBytes: 32 * 1024,
  },
  {
    name: "clocks are wrong",
    faults: { "step-clock": 5, "suspend-host": 3, "freeze-agent": 1, "cut-power": 2, "cut-network": 2 },
    spoolBytes: ROOMY,
    areClocksBad: true,
  },
  {
    name: "everything",
    faults: {
      "kill-agent": 3,
      "cut-power": 3,
      "stop-agent": 1,
      "freeze-agent": 1,
      "kill-control-plane": 2,
      "cut-power-of-control-plane": 1,
      "kill-both": 2,
      "freeze-control-plane": 1,
      "put-disk-back": 1,
      "copy-disk": 0.5,
      "restore-control-plane": 1,
      "fill-disk": 1,
      "slow-disk": 1,
      "fail-sync": 1,
      "flip-bit": 0.5,
      "fill-database": 0.5,
      "slow-database": 0.5,
      "cut-network": 2,
      "cut-one-way": 1,
      "reset-connection": 2,
      "stall-connection": 1,
      "forge-command": 1,
      "step-clock": 2,
      "suspend-host": 1,
      retire: 1,
    },
    spoolBytes: 32 * 1024,
    weather: { lost: 0.02, repeated: 0.1, overtaken: 0.05 },
    areClocksBad: true,
  },
];

export const profileOf = (seed: number): Profile => profiles[seed % profiles.length] as Profile;
