import { SECOND, type Loop } from "@edgemere/protocol/kit";
import type { DataCatalogueContext } from "./context.ts";
import { carry } from "./object-carrying.ts";
import { begin, look, type Walk } from "./object-looking.ts";
import { buckets, objectErrands } from "./tables.ts";

/** Objects that are carried at one time: a large one does not hold up the others. */
const AT_ONCE = 4;

/** Looks through buckets whose time has come, some objects of each in turn. */
export function lookAtBuckets(context: DataCatalogueContext): Loop {
  const { store, clock, log } = context;
  const walks = new Map<string, Walk>();
  return {
    name: "look at buckets",
    every: SECOND,
    onError: (error) => log.error("loop failed", { loop: "look at buckets", error }),
    step: async () => {
      const [row] = (await store.list(buckets, { index: "due", limit: 1 })).items;
      if (row === undefined || row.nextTryAt > clock.now()) return "settled";
      const walk = walks.get(row.id) ?? begin();
      walks.delete(row.id);
      if ((await look(row, walk, context)) === "goes on") walks.set(row.id, walk);
      return "more";
    },
  };
}

/** Fetches, puts and drops the objects that somebody asked for. */
export const carryObjects = (context: DataCatalogueContext): Loop => ({
  name: "carry objects",
  every: SECOND,
  onError: (error) => context.log.error("loop failed", { loop: "carry objects", error }),
  step: async () => {
    const { items } = await context.store.list(objectErrands, { index: "open", limit: AT_ONCE });
    await Promise.all(items.map((each) => carry(each, context)));
    return items.length > 0 ? "more" : "settled";
  },
});
