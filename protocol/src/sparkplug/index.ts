export * from "./payload.ts";
export * from "./topics.ts";
export * from "./values.ts";
