import { commandLife } from "@edgemere/protocol";
import { gauge, type Family } from "../../platform/figures.ts";
import { command } from "./contract.ts";
import type { JobsContext } from "./context.ts";

/** How many commands have not ended, by state. What ended is told by the events. */
export async function jobFigures({ store }: JobsContext): Promise<readonly Family[]> {
  const open = commandLife.states.filter((state) => !commandLife.isFinal(state));
  const counts = open.map(
    async (state) => [{ state }, await store.count(command, { index: "unfinished", prefix: [state] })] as const,
  );
  return [
    gauge({ name: "edgemere_commands", help: "Commands that have not ended, by state" }, await Promise.all(counts)),
  ];
}
