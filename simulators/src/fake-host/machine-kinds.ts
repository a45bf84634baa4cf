import type { Random } from "@edgemere/protocol/kit";

const GIB = 1024 ** 3;

/** What a fake host is made of. */
export interface MachineKind {
  readonly vendor: string;
  readonly model: string;
  readonly architecture: string;
  readonly cpuModel: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly disk: string;
  readonly diskBytes: number;
  readonly system: { readonly name: string; readonly id: string; readonly version: string; readonly kernel: string };
}

const debian = { name: "Debian", id: "debian", version: "12", kernel: "6.1.0-28" };
const ubuntu = { name: "Ubuntu", id: "ubuntu", version: "24.04", kernel: "6.8.0-51" };

const kinds: readonly MachineKind[] = [
  {
    vendor: "Example Industries",
    model: "Gateway 4",
    architecture: "arm64",
    cpuModel: "Cortex-A72",
    cores: 4,
    memoryBytes: 4 * GIB,
    disk: "mmcblk0",
    diskBytes: 32 * GIB,
    system: debian,
  },
  {
    vendor: "Example Industries",
    model: "Edge Box 8",
    architecture: "x64",
    cpuModel: "Atom x6425E",
    cores: 4,
    memoryBytes: 8 * GIB,
    disk: "sda",
    diskBytes: 128 * GIB,
    system: ubuntu,
  },
  {
    vendor: "Sample Systems",
    model: "Rack Server R1",
    architecture: "x64",
    cpuModel: "Xeon D-1718T",
    cores: 8,
    memoryBytes: 32 * GIB,
    disk: "nvme0n1",
    diskBytes: 960 * GIB,
    system: debian,
  },
];

export const anyMachineKind = (random: Random): MachineKind =>
  kinds[Math.floor(random.next() * kinds.length)] ?? (kinds[0] as MachineKind);
