import type { CommandSignal } from "@edgemere/protocol";
import { SECOND, type Loop } from "@edgemere/protocol/kit";
import { moved } from "../../platform/change.ts";
import { repeatOnConflict, unlessMoved } from "../../platform/repeat.ts";
import { isUnheard } from "./command.ts";
import { command, dueAt, job, type Command } from "./contract.ts";
import type { JobsContext } from "./context.ts";
import { advanced } from "./ending.ts";

/** Ends commands whose time is over: every command reaches an end, with a reason. */
export const endOverdue = ({ store, clock, log, generation }: JobsContext): Loop => ({
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
        const [signal, end] = overdue(row, generation());
        await store.commit(...(await advanced(store, row, signal, { ...end, finishedAt: now })));
      });
    }
    return "settled";
  },
});

/** Ends jobs that nobody approved within the time in which they had to start. */
export const endUnapproved = ({ store, clock, log }: JobsContext): Loop => ({
  name: "end jobs that nobody approved",
  every: SECOND,
  onError: (error) => log.error("loop failed", { loop: "end jobs that nobody approved", error }),
  step: async () => {
    for await (const row of store.scan(job, { index: "awaiting" })) {
      if (row.expiresAt > clock.now()) break;
      if (row.state === "awaitingapproval") await store.commit(moved(job, row, "expire")).catch(unlessMoved);
    }
    return "settled";
  },
});

/** How a command ends when its time is over. That it never began is said only where no device can have heard of it. */
function overdue(row: Command, generation: number): readonly [CommandSignal, Partial<Command>] {
  if (isUnheard(row, generation)) return ["expire", { reason: "too-old" }];
  if (row.state !== "queued") return ["lose", { reason: "no-answer" }];
  return ["lose", { reason: "no-answer", detail: "it may have been sent before the control plane was restored" }];
}
