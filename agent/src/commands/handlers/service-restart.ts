import { isReached, type ServiceStatus } from "../../host/host.ts";
import type { ProbeHandler } from "./handler.ts";
import { unreached } from "./service-change.ts";
import { checkService } from "./service-status.ts";

/** Restarts one service. */
export const serviceRestart: ProbeHandler<"service.restart"> = {
  check: checkService,
  before: async (given, { host }) => (await host.serviceStatus(given.name)).instance ?? "",
  run: async (given, { host, signal }) => {
    const status = await host.changeService(given.name, "restart", signal);
    if (isReached("restart", status)) return { result: resultOf(status) };
    return { reason: "failed", detail: unreached("restart", status), result: resultOf(status) };
  },
  after: async (given, before, { host }) => {
    const status = await host.serviceStatus(given.name);
    const isAnother = status.instance !== undefined && status.instance !== before;
    return status.state === "running" && isAnother ? { result: resultOf(status) } : undefined;
  },
};

const resultOf = ({ name, manager, mainPid }: ServiceStatus) => ({ name, manager, mainPid: mainPid ?? 0 });
