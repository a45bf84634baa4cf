import { hexOf, mistakeInNaming, placeOf } from "./data-place.ts";
import type { Handler } from "./handler.ts";

/** Takes a piece of data out of a source that takes data, when it still is what the command names by its hash. */
export const dataDrop: Handler<"data.drop"> = {
  check: mistakeInNaming,
  run: async (given, context) => {
    if (given.isMounted) {
      const name = { name: given.path, sha256: hexOf(given.sha256) };
      return { result: { hasChanged: (await context.mounts?.remove(name)) ?? false } };
    }
    const { transfers } = context.files;
    if (transfers === undefined) return { reason: "unsupported", detail: "no file goes from this device" };
    const place = placeOf(given, context, { mustTake: true });
    if ("reason" in place) return place;
    const { path, roots } = place;
    const found = await transfers.remove({ path, roots, sha256: hexOf(given.sha256) });
    context.data.lookAt(given.source);
    if (found === "other") return { reason: "changed", detail: `${given.path} is something else by now, and stays` };
    return { result: { hasChanged: found === "removed" } };
  },
};
