import { SECOND, type Loop } from "@edgemere/protocol/kit";
import { repeatOnConflict } from "../../platform/repeat.ts";
import { command, dueAt } from "./contract.ts";
import type { JobsContext } from "./context.ts";
import { advanced } from "./ending.ts";

/** Ends commands whose time is over: every command reaches an end, with a reason. */
export const endOverdue = ({ store, clock, log }: JobsContext): Loop => ({
  name: "end overdue commands",
  every: SECOND,
  onError: (error) => log.error("loop failed", { loop: "end overdue commands", error }),
  step: async () => {
    for await (const { id, ...rest } of store.scan(command, { index: "due" })) {
      const now = clock.now();
      if ((dueAt(rest) ?? Infinity) > now) return "settled";
      await repeatOnConflict(async () => {
        const row = await store.get(command, id);
        if (row === undefined || (dueAt(row) ?? Infinity) > now) return;
        const isUnseen = row.state === "queued";
        const end = { reason: isUnseen ? "too-old" : "no-answer", finishedAt: now };
        await store.commit(...(await advanced(store, row, isUnseen ? "expire" : "lose", end)));
      });
    }
    return "settled";
  },
});
