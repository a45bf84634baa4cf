import { limits, v1 } from "@edgemere/protocol";
import { isNamedByHash, mistakeInNaming, placeOf } from "./data-place.ts";
import { putFile } from "./file-put.ts";
import type { Handler, HandlerContext } from "./handler.ts";

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
    const files = { ...context.files, roots: place.roots, arriving: context.arriving };
    const asked = v1.FilePutArguments.create({ path: place.path, sha256, bytes });
    const put = await putFile(asked, { ...context, files }, await similarTo(place, context));
    context.data.lookAt(source, "reason" in put ? undefined : given.path);
    if ("reason" in put) return { reason: put.reason, detail: put.detail };
    const { fetchedBytes = 0, heldBytes = 0, neighbourBytes = 0 } = put.result;
    return { result: { fetchedBytes, heldBytes, neighbourBytes } };
  },
};

const HASH = /^[0-9a-f]{16}-/;
const MOST_SIMILAR = 2;

/** Files of the same name under another hash, the newest first: what the content was before, most likely. */
async function similarTo(
  { folder, path }: { readonly folder: string; readonly path: string },
  { host }: Pick<HandlerContext, "host">,
): Promise<readonly string[]> {
  const name = path.slice(folder.length + 1);
  const isVersion = (each: string) => each !== name && each.replace(HASH, "") === name.replace(HASH, "");
  return (await host.listFiles(folder))
    .filter((file) => isVersion(file.name))
    .toSorted((a, b) => b.modifiedAt - a.modifiedAt)
    .slice(0, MOST_SIMILAR)
    .map((file) => `${folder}/${file.name}`);
}
