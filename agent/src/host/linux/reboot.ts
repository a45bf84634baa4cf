import { HostError } from "../host.ts";
import { ask, hasSystemd, refusalOf, type Machine } from "./services.ts";

/** Asks whoever may do it for a restart of the machine; throws HostError when it is refused. */
export async function reboot(machine: Machine): Promise<void> {
  if (await hasSystemd()) return order(["systemctl", "--no-ask-password", "reboot"], machine);
  try {
    await order(["shutdown", "-r", "now"], machine);
  } catch (error) {
    // Small systems have no shutdown.
    if (!(error instanceof HostError) || error.reason !== "not-found") throw error;
    await order(["reboot"], machine);
  }
}

async function order(argv: readonly [string, ...string[]], machine: Machine): Promise<void> {
  const { exitCode, text } = await ask(argv, machine);
  if (exitCode !== 0) throw refusalOf("the machine did not agree to start anew", text);
}
