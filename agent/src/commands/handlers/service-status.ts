import { cutText, limits } from "@edgemere/protocol";
import type { Handler } from "./handler.ts";

/** What is wrong with the name of a service; undefined when nothing is. */
export const checkService = ({ name }: { readonly name: string }): string | undefined =>
  name === "" || name.length > limits.nameLength ? "name: the service's name is missing or too long" : undefined;

/** Asks the service manager about one service. */
export const serviceStatus: Handler<"service.status"> = {
  check: checkService,
  run: async (given, { host }) => {
    const { name, manager, state, detail, mainPid } = await host.serviceStatus(given.name);
    return { result: { name, manager, state, detail: cutText(detail), mainPid: mainPid ?? 0 } };
  },
};
