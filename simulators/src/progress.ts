import type { AgentStatus } from "@edgemere/agent";

/** One line that says how a fleet is. */
export function progressLine(wanted: number, statuses: readonly (AgentStatus | undefined)[], warnings: number): string {
  const running = statuses.filter((status) => status !== undefined);
  const sum = (of: (status: AgentStatus) => number) => running.reduce((total, status) => total + of(status), 0);
  return [
    `${running.length} of ${wanted} devices run`,
    `${running.filter((status) => status.isConnected).length} connected`,
    `${sum((status) => status.sampled)} samples`,
    `${sum((status) => status.unacknowledged)} records to deliver`,
    `${sum((status) => status.openCommands)} open commands`,
    ...(warnings === 0 ? [] : [`${warnings} warnings`]),
  ].join(" · ");
}
