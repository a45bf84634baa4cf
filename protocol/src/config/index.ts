export * from "./log-level.ts";
export * from "./options.ts";
export * from "./values.ts";
