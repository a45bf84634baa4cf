import { SECOND } from "@edgemere/protocol/kit";
import type { ServiceStatus } from "../host.ts";
import { ask, managedService, refusalOf, type Machine } from "./services.ts";
import { serviceStatus } from "./service-status.ts";

// An init script may end a moment before its service is there.
const LOOKS = 10;
const BETWEEN_LOOKS = SECOND / 2;

/** Restarts a service, waits for it to run, and gives how it is. Throws HostError when its manager refuses. */
export async function restartService(name: string, machine: Machine, signal?: AbortSignal): Promise<ServiceStatus> {
  const stop = signal ?? new AbortController().signal;
  const service = await managedService(name, machine);
  const { exitCode, text } =
    service.manager === "systemd"
      ? await ask(["systemctl", "--no-ask-password", "restart", "--", service.unit], machine, stop)
      : await ask([service.script, "restart"], machine, stop);
  if (exitCode !== 0) throw refusalOf(`${name} was not restarted`, text);

  let status = await serviceStatus(name, machine);
  for (let look = 1; look < LOOKS && status.state !== "running" && !stop.aborted; look += 1) {
    await machine.clock.sleep(BETWEEN_LOOKS, stop);
    status = await serviceStatus(name, machine);
  }
  return status;
}
