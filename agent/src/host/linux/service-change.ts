import { SECOND } from "@edgemere/protocol/kit";
import { HostError, isReached, type ServiceChange, type ServiceStatus } from "../host.ts";
import { ask, managedService, refusalOf, type Machine, type ManagedService } from "./services.ts";
import { serviceStatus } from "./service-status.ts";

// An init script may end a moment before its service is there.
const LOOKS = 10;
const BETWEEN_LOOKS = SECOND / 2;
const LAST_LINES = 20;

const participles = { start: "started", stop: "stopped", restart: "restarted", reload: "reloaded" } as const;

/** Changes a service, waits for it to be so, and gives how it is. Throws HostError when its manager refuses. */
export async function changeService(
  name: string,
  change: ServiceChange,
  machine: Machine,
  signal?: AbortSignal,
): Promise<ServiceStatus> {
  const stop = signal ?? new AbortController().signal;
  const service = await managedService(name, machine);
  const { exitCode, text } =
    service.manager === "systemd"
      ? await ask(["systemctl", "--no-ask-password", change, "--", service.unit], machine, stop)
      : await ask([service.script, change], machine, stop);
  if (exitCode !== 0) {
    const said = [text.trim(), ...(await lastLinesOf(service, machine))].filter((line) => line !== "");
    throw refusalOf(`${name} was not ${participles[change]}`, said.join("\n"));
  }

  let status = await serviceStatus(name, machine);
  for (let look = 1; look < LOOKS && !isReached(change, status) && !stop.aborted; look += 1) {
    await machine.clock.sleep(BETWEEN_LOOKS, stop);
    status = await serviceStatus(name, machine);
  }
  return isReached(change, status) ? status : { ...status, lastLines: await lastLinesOf(service, machine) };
}

/** What the journal has of a service; nothing where there is no journal, or none that this user may read. */
async function lastLinesOf(service: ManagedService, machine: Machine): Promise<readonly string[]> {
  if (service.manager !== "systemd") return [];
  const argv = ["journalctl", "--no-pager", "--quiet", "--output=short-iso", `--lines=${LAST_LINES}`] as const;
  try {
    const { exitCode, text } = await ask([...argv, `--unit=${service.unit}`], machine);
    return exitCode === 0 ? text.split("\n").filter((line) => line.trim() !== "") : [];
  } catch (error) {
    if (error instanceof HostError) return [];
    throw error;
  }
}
