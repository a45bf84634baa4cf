export * from "./course.ts";
export * from "./life.ts";
export * from "./observations.ts";
export * from "./pack.ts";
export * from "./program.ts";
export * from "./reading.ts";
export * from "./watching.ts";
export * from "./words.ts";
