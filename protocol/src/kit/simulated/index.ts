export * from "./manual-clock.ts";
export * from "./same-disk.ts";
export * from "./seeded-random.ts";
export * from "./simulated-disk.ts";
