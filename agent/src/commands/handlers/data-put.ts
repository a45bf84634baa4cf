import { limits, v1 } from "@edgemere/protocol";
import { isNamedByHash, mistakeInNaming, placeOf } from "./data-place.ts";
import { filePut } from "./file-put.ts";
import type { Handler } from "./handler.ts";

/** Puts a copy of data into a source that takes data, under a name that nothing else can have. */
export const dataPut: Handler<"data.put"> = {
  check: (given) => {
    if (given.bytes > limits.fileBytes) return `bytes: a file has at most ${limits.fileBytes}`;
    return mistakeInNaming(given) ?? (isNamedByHash(given) ? undefined : "path: must begin with the hash it names");
  },
  run: async (given, context) => {
    const place = placeOf(given, context, { mustTake: true });
    if ("reason" in place) return place;
    const { sha256, bytes, source } = given;
    const files = { ...context.files, roots: place.roots };
    const asked = v1.FilePutArguments.create({ path: place.path, sha256, bytes });
    const put = await filePut.run(asked, { ...context, files });
    context.data.lookAt(source);
    if ("reason" in put) return { reason: put.reason, detail: put.detail };
    return { result: { fetchedBytes: put.result.fetchedBytes ?? 0 } };
  },
};
