import { access } from "node:fs/promises";
import { SECOND } from "@edgemere/protocol/kit";
import type { Clock } from "@edgemere/protocol/kit";
import { HostError } from "../host.ts";
import type { Runner } from "./run.ts";

const PATIENCE = 10 * SECOND;
const MOST_OUTPUT = 16 * 1024;
// What both managers accept as a name; a leading dash would be read as an option.
const SERVICE_NAME = /^[A-Za-z0-9_@:.\\][A-Za-z0-9_@:.\\-]{0,200}$/;

/** What is needed to speak with the programs that look after services. */
export interface Machine {
  readonly run: Runner;
  readonly clock: Clock;
  /** Where init scripts are, and where they leave process ids, if not in the usual places. */
  readonly initScripts?: string;
  readonly processIds?: string;
  /** Whether systemd runs the machine, where that is not to be looked up. */
  readonly isSystemd?: boolean;
}

/** A service as its manager knows it: a unit of systemd, or an init script. */
export type ManagedService =
  | { readonly manager: "systemd"; readonly unit: string }
  | { readonly manager: "sysvinit"; readonly script: string };

/** Who looks after a service. Throws HostError when nobody can: a bad name, no manager, no such script. */
export async function managedService(name: string, machine: Machine): Promise<ManagedService> {
  if (!SERVICE_NAME.test(name) || name.includes(".."))
    throw new HostError(
      "not-found",
      `"${name}" cannot be the name of a service: letters, digits and - _ @ : . are allowed`,
    );
  if (machine.isSystemd ?? (machine.initScripts === undefined && (await hasSystemd()))) {
    const unit = /\.(service|socket|target|timer|mount|path|slice|scope)$/.test(name) ? name : `${name}.service`;
    return { manager: "systemd", unit };
  }
  const folder = machine.initScripts ?? "/etc/init.d";
  if (!(await exists(folder)))
    throw new HostError("failed", "this machine has no service manager known here: neither systemd nor /etc/init.d");
  const script = `${folder}/${name}`;
  if (await exists(script)) return { manager: "sysvinit", script };
  throw new HostError("not-found", `there is no service ${name}: ${script} does not exist`);
}

/** The folder that systemd's own sd_booted() looks for. */
export const hasSystemd = (): Promise<boolean> => exists("/run/systemd/system");

/** Runs a program of the manager and gives what it says. It may take ten seconds, or as long as the signal lets it. */
export async function ask(
  argv: readonly [string, ...string[]],
  { run, clock }: Machine,
  signal?: AbortSignal,
): Promise<{ readonly text: string; readonly exitCode: number | undefined }> {
  const answered = new AbortController();
  const late = new AbortController();
  if (signal === undefined)
    void clock.sleep(PATIENCE, answered.signal).then(() => answered.signal.aborted || late.abort());
  const stop = signal ?? late.signal;
  const chunks: Uint8Array[] = [];
  try {
    const { exitCode } = await run({
      argv,
      cwd: "/",
      maxOutputBytes: MOST_OUTPUT,
      onOutput: (_channel, bytes) => void chunks.push(Buffer.from(bytes)),
      signal: stop,
    });
    if (stop.aborted) throw new HostError("failed", `${argv[0]} did not answer in time`);
    return { text: Buffer.concat(chunks).toString("utf8"), exitCode };
  } finally {
    answered.abort();
  }
}

/** What a manager's refusal means: whether this user may not, or it could not. */
export function refusalOf(what: string, text: string): HostError {
  const mayNot = /access denied|not permitted|permission denied|authentication (is )?required|must be root/i.test(text);
  return new HostError(mayNot ? "not-allowed" : "failed", `${what}: ${text.trim() || "it did not say why"}`);
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
