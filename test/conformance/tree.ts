import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";

export const repository = join(import.meta.dirname, "../../..");

/** What is made here and belongs to nobody's work: `.gitignore` names the same. */
const MADE = new Set(["node_modules", "dist", "generated", ".git", ".edgemere"]);

/** Every file below a folder, relative to the repository, without what is made from others. */
export function filesBelow(folder = ""): readonly string[] {
  return readdirSync(join(repository, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (MADE.has(entry.name) || /\.(log|tsbuildinfo)$/.test(entry.name)) return [];
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
}

export const foldersBelow = (folder = ""): readonly string[] =>
  [...new Set(filesBelow(folder).map(dirname))].flatMap((path) => [path, ...parentsOf(path)]);

const parentsOf = (path: string): readonly string[] =>
  path === "." || dirname(path) === "." ? [] : [dirname(path), ...parentsOf(dirname(path))];

export const textOf = (path: string): string => readFileSync(join(repository, path), "utf8");

export const linesOf = (path: string): number => textOf(path).trimEnd().split("\n").length;

export const entriesOf = (folder: string): readonly string[] =>
  readdirSync(join(repository, folder)).filter((name) => !MADE.has(name));

/** Files that people write and that a compiler or a browser reads. */
export const sources = (): readonly string[] =>
  filesBelow().filter((path) => /\.(ts|tsx|mjs|js|css|proto)$/.test(path) && !path.startsWith(join("test", "planted")));

export const isTest = (path: string): boolean => path.startsWith("test/") || /\.(test|test-support)\.tsx?$/.test(path);

/** `history-chunk` of `…/history-chunk.test.ts`. */
export const stemOf = (path: string): string => basename(path).replace(/\..*$/, "");
