export * from "./options.ts";
export * from "./values.ts";
