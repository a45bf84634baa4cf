export {
  features,
  Landings,
  SeriesLists,
  startApp,
  StoredChunk,
  Tally,
  TerminalGateway,
  Watch,
  type App,
  type AppContext,
} from "./app.ts";
export { createCore, type Core } from "./core.ts";
export { objectStoresAt } from "./object-stores.ts";
export { sealingWith } from "./platform/sealing.ts";
export { RememberedValues } from "./platform/remembered-values.ts";
export { CannotListen } from "./opened.ts";
export { readConfig, type ControlPlaneConfig } from "./config.ts";
export type { AnyAction } from "./platform/action.ts";
export { checkAudit } from "./platform/audit-check.ts";
export { memoryDatabase, type Database } from "./platform/database.ts";
export { beginGeneration } from "./platform/generation.ts";
export { levelDatabase } from "./platform/level-database.ts";
export type { BucketPlace } from "./platform/object-store.ts";
export type { AnyResource } from "./platform/resource.ts";
export { Store } from "./platform/store.ts";
