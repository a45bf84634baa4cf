import type { Fact } from "@edgemere/agent";
import type { Random } from "@edgemere/protocol/kit";
import type { MachineKind } from "./machine-kinds.ts";

/** The inventory of a fake host, under the names that a Linux host gives its facts. */
export function fakeInventory(name: string, kind: MachineKind, random: Random): readonly Fact[] {
  const [second = 0, third = 0, fourth = 0] = random.bytes(3);
  const hexadecimal = (byte: number) => byte.toString(16).padStart(2, "0");
  return [
    { name: "cpu.architecture", value: kind.architecture },
    { name: "cpu.count", value: kind.cores },
    { name: "cpu.model", value: kind.cpuModel },
    { name: `disk.${kind.disk}.size_bytes`, value: kind.diskBytes },
    { name: "host.name", value: name },
    { name: "kernel.name", value: "Linux" },
    { name: "kernel.release", value: `${kind.system.kernel}-${kind.architecture}` },
    { name: "machine.is_simulated", value: true },
    { name: "machine.model", value: kind.model },
    { name: "machine.vendor", value: kind.vendor },
    { name: "memory.total_bytes", value: kind.memoryBytes },
    { name: "network.eth0.addresses", value: `10.${second}.${third}.${fourth}/8` },
    {
      name: "network.eth0.mac_address",
      value: `02:00:00:${hexadecimal(second)}:${hexadecimal(third)}:${hexadecimal(fourth)}`,
    },
    { name: "os.id", value: kind.system.id },
    { name: "os.name", value: kind.system.name },
    { name: "os.version", value: kind.system.version },
    { name: "packages.installed_count", value: 400 + fourth },
    { name: "time.zone", value: "UTC" },
  ];
}
