import { v1 } from "@edgemere/protocol";
import { hexOf, mistakeInNaming, placeOf } from "./data-place.ts";
import { getFile } from "./file-get.ts";
import type { Handler } from "./handler.ts";

/** Sends a piece of data, when it still is what the command names by its hash. */
export const dataGet: Handler<"data.get"> = {
  check: mistakeInNaming,
  run: async (given, context) => {
    const place = placeOf(given, context, { mustTake: false });
    if ("reason" in place) return place;
    const { path, roots, folder } = place;
    // Read twice, so that what has changed since costs none of the line.
    if ((await context.host.hashFile(folder, given.path)) !== hexOf(given.sha256)) {
      context.data.lookAt(given.source);
      return { reason: "changed", detail: `${given.path} is something else by now` };
    }
    const files = { ...context.files, roots };
    const asked = v1.FileGetArguments.create({ path, maxBytes: given.maxBytes });
    const sent = await getFile(asked, { ...context, files }, { offersChunks: true });
    if ("reason" in sent) return { reason: sent.reason, detail: sent.detail };
    const { bytes = 0, sentBytes = 0 } = sent.result;
    return { result: { bytes, sentBytes } };
  },
};
