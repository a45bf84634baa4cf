import { cutText } from "@edgemere/protocol";
import { isReached, type ServiceChange, type ServiceStatus } from "../../host/host.ts";
import type { ArgumentsOf, HandlerContext, Outcome, ResultOf } from "./handler.ts";
import { checkService } from "./service-status.ts";

/** Starts a service that does not run. */
export const serviceStart = changing("start");
/** Stops a service that runs. */
export const serviceStop = changing("stop");
/** Has a running service read its configuration anew. */
export const serviceReload = changing("reload");

/** Why a service is not as it was asked to be, with what it last wrote. */
export const unreached = (change: ServiceChange, { name, state, detail, lastLines = [] }: ServiceStatus): string =>
  cutText([`after the ${change} ${name} is ${state}: ${detail}`, ...lastLines].join("\n"));

type Changed = Outcome<ResultOf<"service.start">>;

function changing(change: "start" | "stop" | "reload") {
  return {
    check: checkService,
    run: async (given: ArgumentsOf<"service.start">, { host, signal }: HandlerContext): Promise<Changed> => {
      const before = await host.serviceStatus(given.name);
      if (change === "reload" && before.state !== "running") {
        const detail = cutText(`${before.name} is ${before.state} (${before.detail}): only what runs can be reloaded`);
        return { reason: "failed", detail, result: resultOf(before, false) };
      }
      if (isThere(change, before)) return { result: resultOf(before, false) };
      const after = await host.changeService(given.name, change, signal);
      const result = resultOf(after, true);
      return isReached(change, after) ? { result } : { reason: "failed", detail: unreached(change, after), result };
    },
  };
}

/** Nothing is left to do. A program that ends by itself is run whenever its start is asked for. */
const isThere = (change: ServiceChange, { state }: ServiceStatus): boolean =>
  (change === "start" && state === "running") || (change === "stop" && state === "stopped");

const resultOf = ({ name, manager, state, detail, mainPid }: ServiceStatus, hasChanged: boolean) => ({
  name,
  manager,
  state,
  detail: cutText(detail),
  mainPid: mainPid ?? 0,
  hasChanged,
});
