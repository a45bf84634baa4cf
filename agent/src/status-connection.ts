import { nodeDisk, SECOND } from "@edgemere/protocol/kit";
import type { LinkStatus } from "./link/link-status.ts";
import { LINK_STATUS_FILE } from "./link/link-status-file.ts";
import type { RenewalStatus } from "./link/renewal.ts";

/** What the agent last wrote about its connection; undefined when it never did, or nobody can read it. */
export async function readConnection(dataFolder: string): Promise<LinkStatus | undefined> {
  try {
    const bytes = await nodeDisk(dataFolder).read(LINK_STATUS_FILE);
    if (bytes === undefined) return undefined;
    const status = JSON.parse(new TextDecoder().decode(bytes)) as LinkStatus;
    return Array.isArray(status.conditions) ? status : undefined;
  } catch {
    return undefined;
  }
}

/** The same for a person; `timestamp` writes an instant. */
export function connectionText(
  connection: LinkStatus | undefined,
  { isRunning, timestamp }: { readonly isRunning: boolean; readonly timestamp: (at: number) => string },
): string {
  const {
    address = "",
    certificate,
    connectedAt,
    lastFailure,
    nextTryAt,
    clockOffset,
    conditions = [],
  } = connection ?? {};
  const isConnected = isRunning && connectedAt !== undefined;
  const lines = [
    ["Connection", isConnected ? `since ${timestamp(connectedAt)} at ${address}` : "none"],
    ...(lastFailure ? [["Last failure", `${timestamp(lastFailure.at)}: ${lastFailure.reason}`]] : []),
    ...(isRunning && nextTryAt !== undefined ? [["Next try", `${timestamp(nextTryAt)} at ${address}`]] : []),
    ...(clockOffset === undefined ? [] : [["Clock", inWords(clockOffset)]]),
    ...(certificate ? [["Renewal", renewalText(certificate, timestamp)]] : []),
    ["Conditions", conditions.length === 0 ? "none" : conditions.join(", ")],
  ];
  return lines.map(([what = "", value = ""]) => `${what.padEnd(15)} ${value}`).join("\n");
}

const renewalText = ({ until, renewAt, failure }: RenewalStatus, timestamp: (at: number) => string): string =>
  failure === undefined
    ? `at ${timestamp(renewAt)}`
    : `fails: ${failure}. It is tried again; the certificate ends at ${timestamp(until)}, and this device keeps its keys`;

function inWords(clockOffset: number): string {
  const seconds = Math.round(Math.abs(clockOffset) / SECOND);
  if (seconds === 0) return "as the control plane's";
  return `${seconds} s ${clockOffset > 0 ? "behind" : "ahead of"} the control plane's`;
}
