import { MINUTE, type Loop } from "@edgemere/protocol/kit";
import { unlessMoved } from "../../platform/repeat.ts";
import type { FilesContext } from "./context.ts";
import { file } from "./contract.ts";
import { forgetFile } from "./upload.ts";

/** Removes files whose time is over, and uploads that nobody went on with. */
export const forgetOldFiles = (context: FilesContext): Loop => ({
  name: "forget old files",
  every: 10 * MINUTE,
  onError: (error) => context.log.error("loop failed", { loop: "forget old files", error }),
  step: async () => {
    const now = context.clock.now();
    for await (const row of context.store.scan(file, { index: "expiry" })) {
      if (row.expiresAt > now) return "settled";
      await forgetFile(row, context).catch(unlessMoved);
    }
    return "settled";
  },
});
