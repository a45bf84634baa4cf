import { limits } from "@edgemere/protocol";
import { mistakeInPath } from "../files/mistake-in-path.ts";
import type { Handler } from "./handler.ts";

/** Says what a folder of the device holds, a page of it. */
export const fileList: Handler<"file.list"> = {
  check: ({ path, most }) => {
    if (most === 0 || most > limits.fileEntries) return `most: must be 1 to ${limits.fileEntries}`;
    return path === "" ? undefined : mistakeInPath(path);
  },
  run: async ({ path, after, most }, { files: { transfers, roots }, signal }) => {
    if (transfers === undefined) return { reason: "unsupported", detail: "no folder of this device is looked into" };
    const { entries, ...rest } = await transfers.list({ path, roots, after, most, signal });
    return {
      result: { ...rest, entries: entries.map(({ modifiedAt, ...each }) => ({ ...each, modifiedAtMs: modifiedAt })) },
    };
  },
};
