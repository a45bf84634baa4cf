// Writes protocol/vectors from the sample messages, after a build: npm run vectors --workspace protocol
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { filesOf } from "./dist/vector.test-support.js";
import { vectorFiles } from "./dist/vectors.test-support.js";

const folder = join(import.meta.dirname, "vectors");

for (const kind of ["valid", "invalid"]) {
  rmSync(join(folder, kind), { recursive: true, force: true });
  mkdirSync(join(folder, kind), { recursive: true });
}
for (const [path, text] of vectorFiles.flatMap(filesOf)) writeFileSync(join(folder, path), text);
console.log(`${vectorFiles.length} vectors are in ${folder}`);
