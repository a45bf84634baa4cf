import { moved, updated } from "../../platform/change.ts";
import { resolve } from "../../platform/reference.ts";
import { repeatOnConflict } from "../../platform/repeat.ts";
import { isUnheard } from "./command.ts";
import { command } from "./contract.ts";
import type { JobsContext } from "./context.ts";
import { advanced } from "./ending.ts";

/** What no device has heard of ends at once; the rest ends when its device says so. */
export const cancelCommand = (id: string, { store, clock, generation }: JobsContext): Promise<void> =>
  repeatOnConflict(async () => {
    const row = await resolve(store, command, id);
    if (command.life.isFinal(row.state)) return;
    const end = { cancelRequested: true, reason: "cancelled", finishedAt: clock.now() };
    if (isUnheard(row, generation())) return store.commit(...(await advanced(store, row, "cancel", end)));
    if (row.state === "queued") return store.commit(moved(command, row, "offer", { cancelRequested: true }));
    return store.commit(updated(command, row, { cancelRequested: true }));
  });
