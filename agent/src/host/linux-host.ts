import { hostname } from "node:os";
import { systemClock } from "@edgemere/protocol/kit";
import type { Clock } from "@edgemere/protocol/kit";
import type { Host } from "./host.ts";
import { capacity, hashFile, listFiles } from "./linux/files.ts";
import { linuxInventory } from "./linux/inventory.ts";
import { bootId, machineId } from "./linux/machine-ids.ts";
import { programRunner } from "./linux/run.ts";
import { linuxSampler } from "./linux/sample.ts";
import { serviceStatus } from "./linux/service-status.ts";
import { hasTerminal } from "./linux/terminal.ts";

export interface LinuxHostOptions {
  readonly clock?: Clock;
}

/** This machine, as an ordinary user may see it: what cannot be read is simply absent. */
export function linuxHost({ clock = systemClock }: LinuxHostOptions = {}): Host {
  const run = programRunner(clock);
  return {
    name: hostname(),
    bootId,
    machineId,
    sample: linuxSampler(clock),
    inventory: () => linuxInventory(clock),
    run,
    serviceStatus: (name) => serviceStatus(name, { run, clock }),
    listFiles,
    hashFile,
    capacity,
    hasTerminal,
  };
}
