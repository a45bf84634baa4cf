/** What may happen to a small world, and how much of it. */
export interface Profile {
  readonly name: string;
  /** How often each fault is drawn, in relation to the others. */
  readonly faults: Readonly<Record<Fault, number>>;
  readonly spoolBytes: number;
}

export type Fault =
  | "kill-agent"
  | "cut-power"
  | "stop-agent"
  | "kill-control-plane"
  | "kill-both"
  | "cut-network"
  | "reset-connection"
  | "step-clock"
  | "fill-disk"
  | "retire";

const none: Readonly<Record<Fault, number>> = {
  "kill-agent": 0,
  "cut-power": 0,
  "stop-agent": 0,
  "kill-control-plane": 0,
  "kill-both": 0,
  "cut-network": 0,
  "reset-connection": 0,
  "step-clock": 0,
  "fill-disk": 0,
  retire: 0,
};
const ROOMY = 1024 ** 2;

export const profiles: readonly Profile[] = [
  {
    name: "agents die",
    faults: { ...none, "kill-agent": 4, "cut-power": 6, "stop-agent": 1, "reset-connection": 1 },
    spoolBytes: ROOMY,
  },
  {
    name: "the control plane dies",
    faults: { ...none, "kill-control-plane": 6, "reset-connection": 1 },
    spoolBytes: ROOMY,
  },
  {
    name: "the network breaks",
    faults: { ...none, "cut-network": 5, "reset-connection": 5, "stop-agent": 1 },
    spoolBytes: ROOMY,
  },
  {
    name: "disks are full",
    faults: { ...none, "fill-disk": 5, "cut-network": 3, "kill-agent": 2, "cut-power": 1 },
    spoolBytes: 16 * 1024,
  },
  {
    name: "everything",
    faults: {
      "kill-agent": 3,
      "cut-power": 3,
      "stop-agent": 1,
      "kill-control-plane": 3,
      "kill-both": 2,
      "cut-network": 2,
      "reset-connection": 2,
      "step-clock": 2,
      "fill-disk": 1,
      retire: 1,
    },
    spoolBytes: 64 * 1024,
  },
];

export const profileOf = (seed: number): Profile => profiles[seed % profiles.length] as Profile;
