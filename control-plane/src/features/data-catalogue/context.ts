import type { PlatformContext } from "../../platform/context.ts";
import type { ObjectStores } from "../../platform/object-store.ts";

export interface DataCatalogueContext extends PlatformContext {
  /** Absent: none. */
  readonly objectStores?: ObjectStores;
}
