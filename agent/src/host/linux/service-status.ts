import { readdir, readFile } from "node:fs/promises";
import { HostError } from "../host.ts";
import type { ServiceStatus } from "../host.ts";
import { kernelText } from "./kernel-files.ts";
import { ask, managedService, refusalOf, type Machine } from "./services.ts";
import { initScriptStatus, processStart, systemdStatus } from "./service-texts.ts";

/** Asks the machine's service manager about one service. */
export async function serviceStatus(name: string, machine: Machine): Promise<ServiceStatus> {
  const service = await managedService(name, machine);
  return service.manager === "systemd"
    ? askSystemd(name, service.unit, machine)
    : askInitScript(name, service.script, machine);
}

async function askSystemd(name: string, unit: string, machine: Machine): Promise<ServiceStatus> {
  const properties = "LoadState,ActiveState,SubState,UnitFileState,MainPID,InvocationID,Type";
  const { text, exitCode } = await ask(["systemctl", "show", "--no-pager", "-p", properties, "--", unit], machine);
  if (exitCode !== 0) throw refusalOf(`systemctl could not tell about ${unit}`, text);
  const status = systemdStatus(name, text);
  if (status === undefined) throw new HostError("not-found", `systemd knows no unit ${unit} on this device`);
  return status;
}

async function askInitScript(name: string, script: string, machine: Machine): Promise<ServiceStatus> {
  const { text, exitCode } = await ask([script, "status"], machine);
  // Started at boot when the default runlevels link to it.
  const links = await readdir("/etc/rc2.d").catch(() => undefined);
  const enabled = links?.some((link) => /^S\d\d/.test(link) && link.slice(3) === name);
  const status = initScriptStatus(name, text, exitCode);
  return {
    ...status,
    ...(enabled === undefined ? {} : { enabled }),
    ...(status.state === "running" ? await processOf(name, machine.processIds ?? "/run") : {}),
  };
}

/** The process of an init script's service, where the script left its number and the process is there. */
async function processOf(name: string, folder: string): Promise<Pick<ServiceStatus, "mainPid" | "instance">> {
  for (const path of [`${folder}/${name}.pid`, `${folder}/${name}/${name}.pid`]) {
    const pid = Number((await readFile(path, "utf8").catch(() => "")).trim());
    const startedAt = Number.isSafeInteger(pid) && pid > 0 ? processStart(kernelText(`/proc/${pid}/stat`)) : undefined;
    if (startedAt !== undefined) return { mainPid: pid, instance: `${pid} started at ${startedAt}` };
  }
  return {};
}
