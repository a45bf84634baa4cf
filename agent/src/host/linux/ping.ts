import { SECOND } from "@edgemere/protocol/kit";
import { HostError, type PingOptions } from "../host.ts";
import { PingOutput } from "./ping-output.ts";
import type { Runner } from "./run.ts";

// What ordinary users may ask for, in the older versions of iputils too.
const SHORTEST = 0.2;
const MOST_COMPLAINTS = 2_000;
const NOT_ALLOWED = /operation not permitted|permission denied|cap_net_raw/i;
const OTHER_PROGRAM = /invalid option|unrecognized option|usage:/i;

/**
 * Runs one `ping` for as long as it is wanted. It prints a line for each question, so one whose agent was killed ends at its next line, by SIGPIPE: the
 * kernel's own way, a signal at the parent's death, is not open to programs that have capabilities.
 */
export async function ping({ host, every, onNews, signal }: PingOptions, run: Runner): Promise<void> {
  const output = new PingOutput();
  let complaints = "";
  const seconds = Math.max(SHORTEST, every / SECOND);
  const { exitCode, endedBySignal } = await run({
    argv: ["ping", "-n", "-O", "-i", String(seconds), "--", host],
    env: { LANG: "C", LC_ALL: "C" },
    // It goes on for months; what it prints is kept no longer than a line.
    maxOutputBytes: Number.MAX_SAFE_INTEGER,
    onOutput: (channel, bytes) => {
      const text = Buffer.from(bytes).toString("latin1");
      if (channel === "stderr") complaints = (complaints + text).slice(-MOST_COMPLAINTS);
      else for (const { latency } of output.take(text)) onNews(latency);
    },
    signal,
  });
  if (!signal.aborted) throw endOf(complaints.trim(), endedBySignal ?? `exit code ${exitCode ?? "?"}`);
}

function endOf(complaints: string, end: string): HostError {
  const said = `${end}: ${complaints.split("\n").at(-1) ?? ""}`;
  if (NOT_ALLOWED.test(complaints))
    return new HostError("not-allowed", `ping may not send ICMP as the agent's user (${said})`);
  if (OTHER_PROGRAM.test(complaints))
    return new HostError("not-found", `the ping of this device is not that of iputils (${said})`);
  return new HostError("failed", `ping ended with ${said}`);
}
