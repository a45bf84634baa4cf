import { readFile } from "node:fs/promises";
import { arch, cpus, hostname, networkInterfaces, release, version } from "node:os";
import type { Clock } from "@edgemere/protocol/kit";
import { AGENT_VERSION } from "../../version.ts";
import type { Fact } from "../host.ts";
import { diskFacts } from "./disk-facts.ts";
import { kernelText } from "./kernel-files.ts";
import { machineFacts } from "./machine-facts.ts";
import { memoryBytes } from "./memory.ts";
import { networkFacts } from "./network-facts.ts";
import { installedPackages, operatingSystemFacts } from "./operating-system.ts";

/** What this machine is: only what stays the same until somebody changes it, sorted by name. */
export async function linuxInventory(clock: Clock): Promise<readonly Fact[]> {
  const processors = cpus();
  const memory = memoryBytes(kernelText("/proc/meminfo") ?? "");
  const osRelease = (await textOf("/etc/os-release")) ?? (await textOf("/usr/lib/os-release"));
  const packages = await textOf("/var/lib/dpkg/status");
  const model = processors[0]?.model.trim();
  return [
    { name: "agent.version", value: AGENT_VERSION },
    { name: "node.version", value: process.versions.node },
    { name: "host.name", value: hostname() },
    { name: "kernel.name", value: "Linux" },
    { name: "kernel.release", value: release() },
    { name: "kernel.version", value: version() },
    ...operatingSystemFacts(osRelease ?? ""),
    { name: "cpu.architecture", value: arch() },
    ...(model === undefined || model === "" ? [] : [{ name: "cpu.model", value: model }]),
    { name: "cpu.count", value: processors.length },
    ...sizeFact("memory.total_bytes", memory.get("MemTotal")),
    ...sizeFact("swap.total_bytes", memory.get("SwapTotal")),
    { name: "time.zone", value: Intl.DateTimeFormat().resolvedOptions().timeZone },
    ...(packages === undefined ? [] : [{ name: "packages.installed_count", value: installedPackages(packages) }]),
    ...diskFacts(),
    ...networkFacts(networkInterfaces()),
    ...(await machineFacts(clock)),
  ].sort((a, b) => (a.name < b.name ? -1 : 1));
}

const sizeFact = (name: string, value: number | undefined): readonly Fact[] =>
  value === undefined ? [] : [{ name, value }];

const textOf = (path: string): Promise<string | undefined> => readFile(path, "utf8").catch(() => undefined);
