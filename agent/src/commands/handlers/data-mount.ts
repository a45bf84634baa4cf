import { limits } from "@edgemere/protocol";
import { ContentRefused } from "../../link/content-road.ts";
import { hexOf, isNamedByHash, mistakeInNaming, placeOf } from "./data-place.ts";
import type { Handler } from "./handler.ts";

/** Shows a piece of data that does not lie here: what is read of it is fetched then. */
export const dataMount: Handler<"data.mount"> = {
  check: (given) => {
    if (given.bytes > limits.fileBytes) return `bytes: a file has at most ${limits.fileBytes}`;
    return mistakeInNaming(given) ?? (isNamedByHash(given) ? undefined : "path: must begin with the hash it names");
  },
  run: async (given, { data, mounts, signal }) => {
    const place = placeOf(given, { data }, { mustTake: true });
    if ("reason" in place) return place;
    if (mounts === undefined)
      return {
        reason: "unsupported",
        detail: "nothing is mounted here; mount-folder would say where, and its log why not",
      };
    const file = { name: given.path, sha256: hexOf(given.sha256), bytes: given.bytes };
    try {
      return { result: { hasChanged: await mounts.add(file, signal) } };
    } catch (error) {
      if (error instanceof ContentRefused) return { reason: "no-content", detail: error.message };
      throw error;
    }
  },
};
