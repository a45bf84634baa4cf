export * from "./aborted.ts";
export * from "./backoff.ts";
export * from "./clock.ts";
export * from "./env.ts";
export * from "./machine.ts";
export * from "./node-env.ts";
export * from "./reconciler.ts";
export * from "./stop-signals.ts";
