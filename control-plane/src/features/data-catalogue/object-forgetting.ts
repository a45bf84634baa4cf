import { DAY } from "@edgemere/protocol/kit";
import { removed } from "../../platform/change.ts";
import { ObjectStoreError } from "../../platform/object-store.ts";
import type { DataCatalogueContext } from "./context.ts";
import { bucketOf } from "./object-looking.ts";
import { buckets, objectErrands, type ObjectErrand } from "./tables.ts";

const STEP = 250;

/** What failed and nobody asks about any more. A store that does not answer is asked to give up what it has of it for a week. */
export async function forgetFailedErrands(context: DataCatalogueContext): Promise<void> {
  const { store, clock, log } = context;
  const { items } = await store.list(objectErrands, { index: "failed", limit: STEP });
  for (const each of items.filter(({ at }) => at < clock.now() - DAY)) {
    try {
      await abandonUpload(each, context);
    } catch (error) {
      if (!(error instanceof ObjectStoreError)) throw error;
      log.warn("an object store keeps parts of an object", { source: each.source, cause: error.message });
      if (each.at >= clock.now() - 7 * DAY) continue;
    }
    await store.commit(removed(objectErrands, each.id));
  }
}

/** Gives up what was put in parts and never ended: its store keeps them, and counts them, until then. */
async function abandonUpload(errand: ObjectErrand, context: DataCatalogueContext): Promise<void> {
  const row = await context.store.get(buckets, errand.source);
  if (row !== undefined && errand.upload !== undefined)
    await bucketOf(row, context).abandon(row.prefix + errand.name, errand.upload);
}
