import { MINUTE, type Loop } from "@edgemere/protocol/kit";
import { unlessMoved } from "../../platform/repeat.ts";
import type { FilesContext } from "./context.ts";
import { file, mountedContent, type FileRow } from "./contract.ts";
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
      if ((await mountedOn(row, context)) !== undefined) continue;
      await forgetFile(row, context).catch(unlessMoved);
    }
    return "settled";
  },
});

/** Where it is shown, and read from here. */
const mountedOn = async ({ state, sha256 }: FileRow, { store }: FilesContext) =>
  state === "ready"
    ? (await store.list(mountedContent, { index: "hash", prefix: [sha256], limit: 1 })).items[0]
    : undefined;
