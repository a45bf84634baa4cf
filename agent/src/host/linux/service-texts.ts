import { cutText } from "@edgemere/protocol";
import type { ServiceStatus } from "../host.ts";

const systemdStates: Readonly<Record<string, ServiceStatus["state"]>> = {
  active: "running",
  reloading: "running",
  refreshing: "running",
  inactive: "stopped",
  maintenance: "stopped",
  failed: "failed",
  activating: "starting",
  deactivating: "stopping",
};
const enabledStates: Readonly<Record<string, boolean>> = {
  enabled: true,
  "enabled-runtime": true,
  disabled: false,
  masked: false,
  "masked-runtime": false,
};

/** From `systemctl show`; undefined when there is no such unit. */
export function systemdStatus(name: string, text: string): ServiceStatus | undefined {
  const properties = new Map(
    text
      .split("\n")
      .filter((line) => line.includes("="))
      .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  );
  const of = (property: string) => properties.get(property) ?? "";
  if (of("LoadState") === "not-found" || of("LoadState") === "") return undefined;
  const enabled = enabledStates[of("UnitFileState")];
  const mainPid = Number(of("MainPID"));
  const state = systemdStates[of("ActiveState")] ?? "unknown";
  return {
    name,
    manager: "systemd",
    state,
    detail: `${of("ActiveState")} (${of("SubState")})`,
    ...(enabled === undefined ? {} : { enabled }),
    ...(mainPid > 0 ? { mainPid } : {}),
    ...(of("Type") === "oneshot" ? { isOneShot: true } : {}),
    ...(state === "running" && of("InvocationID") !== "" ? { instance: of("InvocationID") } : {}),
  };
}

// Exit codes of the Linux Standard Base: dead with a pid file, dead with a lock file, not running.
const initScriptStates: Readonly<Record<number, ServiceStatus["state"]>> = {
  0: "running",
  1: "failed",
  2: "failed",
  3: "stopped",
};
const LONGEST_DETAIL = 200;

/** From the status action of an init script. */
export function initScriptStatus(name: string, text: string, exitCode: number | undefined): ServiceStatus {
  const line = text.split("\n").find((each) => each.trim() !== "");
  return {
    name,
    manager: "sysvinit",
    state: (exitCode === undefined ? undefined : initScriptStates[exitCode]) ?? "unknown",
    detail: (line && cutText(line.trim(), LONGEST_DETAIL)) ?? `exit code ${exitCode ?? "unknown"}`,
  };
}

/** When a process started, in the kernel's ticks, from its `stat`; undefined when there is no such process. */
export function processStart(stat: string | undefined): number | undefined {
  // The program's name comes second, in brackets, and may hold anything; the start is the 22nd field.
  const ticks = Number(stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[19]);
  return Number.isSafeInteger(ticks) ? ticks : undefined;
}
