import { access, readdir } from "node:fs/promises";
import { SECOND } from "@edgemere/protocol/kit";
import type { Clock } from "@edgemere/protocol/kit";
import { HostError } from "../host.ts";
import type { ServiceStatus } from "../host.ts";
import type { Runner } from "./run.ts";
import { initScriptStatus, systemdStatus } from "./service-texts.ts";

const PATIENCE = 10 * SECOND;
const MOST_OUTPUT = 16 * 1024;
// What both managers accept as a name; a leading dash would be read as an option.
const SERVICE_NAME = /^[A-Za-z0-9_@:.\\][A-Za-z0-9_@:.\\-]{0,200}$/;

interface Manager {
  readonly run: Runner;
  readonly clock: Clock;
}

/** Asks the machine's service manager about one service. */
export async function serviceStatus(name: string, manager: Manager): Promise<ServiceStatus> {
  if (!SERVICE_NAME.test(name) || name.includes(".."))
    throw new HostError(
      "not-found",
      `"${name}" cannot be the name of a service: letters, digits and - _ @ : . are allowed`,
    );
  // The folder that systemd's own sd_booted() looks for.
  if (await exists("/run/systemd/system")) return askSystemd(name, manager);
  if (await exists("/etc/init.d")) return askInitScript(name, manager);
  throw new HostError("failed", "this machine has no service manager known here: neither systemd nor /etc/init.d");
}

async function askSystemd(name: string, manager: Manager): Promise<ServiceStatus> {
  const unit = /\.(service|socket|target|timer|mount|path|slice|scope)$/.test(name) ? name : `${name}.service`;
  const properties = "LoadState,ActiveState,SubState,UnitFileState,MainPID";
  const { text, exitCode } = await ask(["systemctl", "show", "--no-pager", "-p", properties, "--", unit], manager);
  if (exitCode !== 0) throw new HostError("failed", `systemctl could not tell about ${unit}: ${text.trim()}`);
  const status = systemdStatus(name, text);
  if (status === undefined) throw new HostError("not-found", `systemd knows no unit ${unit} on this device`);
  return status;
}

async function askInitScript(name: string, manager: Manager): Promise<ServiceStatus> {
  const script = `/etc/init.d/${name}`;
  if (!(await exists(script)))
    throw new HostError("not-found", `there is no service ${name}: ${script} does not exist`);
  const { text, exitCode } = await ask([script, "status"], manager);
  // Started at boot when the default runlevels link to it.
  const links = await readdir("/etc/rc2.d").catch(() => undefined);
  const enabled = links?.some((link) => /^S\d\d/.test(link) && link.slice(3) === name);
  return { ...initScriptStatus(name, text, exitCode), ...(enabled === undefined ? {} : { enabled }) };
}

async function ask(
  argv: readonly [string, ...string[]],
  { run, clock }: Manager,
): Promise<{ readonly text: string; readonly exitCode: number | undefined }> {
  const answered = new AbortController();
  const late = new AbortController();
  void clock.sleep(PATIENCE, answered.signal).then(() => answered.signal.aborted || late.abort());
  const chunks: Uint8Array[] = [];
  try {
    const { exitCode } = await run({
      argv,
      cwd: "/",
      maxOutputBytes: MOST_OUTPUT,
      onOutput: (_channel, bytes) => chunks.push(bytes),
      signal: late.signal,
    });
    if (late.signal.aborted)
      throw new HostError("failed", `${argv[0]} did not answer within ${PATIENCE / SECOND} seconds`);
    return { text: Buffer.concat(chunks).toString("utf8"), exitCode };
  } finally {
    answered.abort();
  }
}

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );
