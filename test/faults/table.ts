// Puts the table of the last `npm run faults` into the README: node test/dist/faults/table.js
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { withTable } from "./readme.ts";
import { tableOf, type Results } from "./results.ts";

const root = join(import.meta.dirname, "../../..");
const results = JSON.parse(await readFile(join(root, "test/faults/results.json"), "utf8")) as Results;
const readme = join(root, "README.md");
await writeFile(readme, withTable(await readFile(readme, "utf8"), tableOf(results)));
