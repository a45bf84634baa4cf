import { cutText } from "@edgemere/protocol";
import type { ServiceStatus } from "../../host/host.ts";
import type { ProbeHandler } from "./handler.ts";
import { checkService } from "./service-status.ts";

/** Restarts one service. */
export const serviceRestart: ProbeHandler<"service.restart"> = {
  check: checkService,
  before: async (given, { host }) => (await host.serviceStatus(given.name)).instance ?? "",
  run: async (given, { host, signal }) => {
    const status = await host.restartService(given.name, signal);
    if (status.state === "running") return { result: resultOf(status) };
    const detail = cutText(`after the restart ${status.name} is ${status.state}: ${status.detail}`);
    return { reason: "failed", detail, result: resultOf(status) };
  },
  after: async (given, before, { host }) => {
    const status = await host.serviceStatus(given.name);
    const isAnother = status.instance !== undefined && status.instance !== before;
    return status.state === "running" && isAnother ? { result: resultOf(status) } : undefined;
  },
};

const resultOf = ({ name, manager, mainPid }: ServiceStatus) => ({ name, manager, mainPid: mainPid ?? 0 });
