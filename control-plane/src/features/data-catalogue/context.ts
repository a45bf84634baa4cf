import type { PlatformContext } from "../../platform/context.ts";

export interface DataCatalogueContext extends PlatformContext {}
