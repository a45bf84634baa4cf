import { hostname, uptime } from "node:os";
import { SECOND, systemClock } from "@edgemere/protocol/kit";
import type { Clock } from "@edgemere/protocol/kit";
import type { Host } from "./host.ts";
import { fetchText } from "./linux/fetch-text.ts";
import { linuxMounts } from "./linux/fuse.ts";
import { watchFiles } from "./linux/watched-files.ts";
import { capacity, hashFile, listFiles } from "./linux/files.ts";
import { linuxInventory } from "./linux/inventory.ts";
import { collectLogs } from "./linux/logs.ts";
import { bootId, machineId } from "./linux/machine-ids.ts";
import { keepFiles, putBackFiles } from "./linux/kept-files.ts";
import { killMarked } from "./linux/marked-processes.ts";
import { ping } from "./linux/ping.ts";
import { changePackages } from "./linux/packages.ts";
import { probe } from "./linux/probe.ts";
import { recordingFolder } from "./linux/recording-folder.ts";
import { reboot } from "./linux/reboot.ts";
import { programRunner } from "./linux/run.ts";
import { linuxSampler } from "./linux/sample.ts";
import { removeScripts, runScript } from "./linux/scripts.ts";
import { changeService } from "./linux/service-change.ts";
import { serviceStatus } from "./linux/service-status.ts";
import { linuxTransfers } from "./linux/transfers.ts";
import { hasTerminal, terminalOpener } from "./linux/terminal.ts";

export interface LinuxHostOptions {
  readonly clock?: Clock;
  /** Whose terminals are; the agent's own user when absent, who must not be root then. */
  readonly terminalUser?: string | undefined;
  /** Folders of the agent's own, to which no file comes and from which none goes, whatever root they lie in. */
  readonly ownFolders?: readonly string[];
}

/** This machine, as an ordinary user may see it: what cannot be read is simply absent. */
export function linuxHost({ clock = systemClock, terminalUser, ownFolders = [] }: LinuxHostOptions = {}): Host {
  const run = programRunner(clock);
  const machine = { run, clock };
  return {
    name: hostname(),
    bootId,
    uptime: () => uptime() * SECOND,
    machineId,
    sample: linuxSampler(clock),
    network: {
      probe: (target, signal) => probe(target, clock, signal),
      ping: (options) => ping(options, run),
      fetchText,
    },
    inventory: () => linuxInventory(clock),
    run,
    runScript: (script) => runScript(script, run),
    removeScripts,
    keepFiles,
    putBackFiles,
    killMarked: (marks) => killMarked(marks, clock),
    serviceStatus: (name) => serviceStatus(name, machine),
    changeService: (name, change, signal) => changeService(name, change, machine, signal),
    collectLogs: (request) => collectLogs(request, machine),
    changePackages: (request) => changePackages(request, machine),
    reboot: () => reboot(machine),
    listFiles,
    hashFile,
    watchFiles,
    capacity,
    recordingFolder,
    transfers: linuxTransfers(ownFolders),
    mounts: linuxMounts(run),
    hasTerminal,
    openTerminal: terminalOpener(clock, terminalUser),
  };
}
