export { features, startApp, type App, type AppContext } from "./app.ts";
export { createCore, type Core } from "./core.ts";
export { CannotListen } from "./opened.ts";
export { readConfig, type ControlPlaneConfig } from "./config.ts";
export type { AnyAction } from "./platform/action.ts";
export { memoryDatabase, type Database } from "./platform/database.ts";
export { levelDatabase } from "./platform/level-database.ts";
export type { AnyResource } from "./platform/resource.ts";
