/** The messages as such, for whoever writes them. */
export { v1 as sparkplugB } from "./generated.ts";
export * from "./payload.ts";
export * from "./topics.ts";
export * from "./values.ts";
