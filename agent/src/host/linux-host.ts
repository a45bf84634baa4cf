import { hostname, uptime } from "node:os";
import { SECOND, systemClock } from "@edgemere/protocol/kit";
import type { Clock } from "@edgemere/protocol/kit";
import type { Host } from "./host.ts";
import { fetchText } from "./linux/fetch-text.ts";
import { capacity, hashFile, listFiles } from "./linux/files.ts";
import { linuxInventory } from "./linux/inventory.ts";
import { bootId, machineId } from "./linux/machine-ids.ts";
import { killMarked } from "./linux/marked-processes.ts";
import { probe } from "./linux/probe.ts";
import { reboot } from "./linux/reboot.ts";
import { programRunner } from "./linux/run.ts";
import { linuxSampler } from "./linux/sample.ts";
import { restartService } from "./linux/service-restart.ts";
import { serviceStatus } from "./linux/service-status.ts";
import { hasTerminal } from "./linux/terminal.ts";

export interface LinuxHostOptions {
  readonly clock?: Clock;
}

/** This machine, as an ordinary user may see it: what cannot be read is simply absent. */
export function linuxHost({ clock = systemClock }: LinuxHostOptions = {}): Host {
  const run = programRunner(clock);
  const machine = { run, clock };
  return {
    name: hostname(),
    bootId,
    uptime: () => uptime() * SECOND,
    machineId,
    sample: linuxSampler(clock),
    network: { probe: (target, signal) => probe(target, clock, signal), fetchText },
    inventory: () => linuxInventory(clock),
    run,
    killMarked: (marks) => killMarked(marks, clock),
    serviceStatus: (name) => serviceStatus(name, machine),
    restartService: (name, signal) => restartService(name, machine, signal),
    reboot: () => reboot(machine),
    listFiles,
    hashFile,
    capacity,
    hasTerminal,
  };
}
