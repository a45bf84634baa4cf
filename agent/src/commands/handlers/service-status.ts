import { cutText, limits } from "@edgemere/protocol";
import type { Handler } from "./handler.ts";

/** Asks the service manager about one service. */
export const serviceStatus: Handler<"service.status"> = {
  check: ({ name }) =>
    name === "" || name.length > limits.nameLength ? "name: the service's name is missing or too long" : undefined,
  run: async (given, { host }) => {
    const { name, manager, state, detail, mainPid } = await host.serviceStatus(given.name);
    return { result: { name, manager, state, detail: cutText(detail), mainPid: mainPid ?? 0 } };
  },
};
