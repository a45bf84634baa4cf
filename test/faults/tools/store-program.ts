// Damages a small store, at one place after another, and writes the place and what is found there. In a process of its own:
// LevelDB may end it.
import assert from "node:assert/strict";
import { cp, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { levelDatabase } from "@edgemere/control-plane";
import { cutOff, turned } from "./damage.ts";

const [folder = "", stride = "1", from = "0"] = process.argv.slice(2);
const KEYS = ["a", "b", "c", "d", "e"].map((name) => `note/${name}`);
const VERSIONS = [1, 2, 3, 4];
const BITS = 8;
const valueOf = (key: string, version: number) => `${key} as of ${version}, ${"filling ".repeat(3)}`;
const [original, damaged] = [join(folder, "store"), join(folder, "damaged")];

/** Rows that were written again and again: some in tables, the newest in LevelDB's log. */
async function make(): Promise<void> {
  for (const version of VERSIONS) {
    const database = await levelDatabase(original);
    for (const key of KEYS) await database.batch([{ type: "put", key, value: Buffer.from(valueOf(key, version)) }]);
    await database.close();
  }
}

/** Whatever it says was written so once. */
async function look(): Promise<string> {
  const database = await levelDatabase(damaged).catch((error: unknown) => {
    // It says what is wrong, for whoever is to bring back a backup.
    assert.ok(error instanceof Error && error.name === "CannotOpenStore", String(error));
  });
  if (database === undefined) return "refused";
  const found = new Set<string>();
  for (const key of KEYS) {
    const value = await database.get(key).catch(() => null);
    if (value === null) found.add("damaged rows told");
    else if (value === undefined) found.add("rows missing");
    else {
      const text = Buffer.from(value).toString();
      const version = VERSIONS.find((each) => valueOf(key, each) === text);
      assert.ok(version !== undefined, `${key} is "${text}", which nobody wrote`);
      if (version !== VERSIONS.at(-1)) found.add("older rows");
    }
  }
  await database.close();
  return [...found].toSorted().join(" and ") || "whole";
}

if (from === "0") await make();
const names = (await readdir(original)).filter((name) => /^(CURRENT|MANIFEST|\d+\.(log|ldb))/.test(name));
let place = 0;
for (const name of names.toSorted()) {
  const content = await readFile(join(original, name));
  for (let at = 0; at < content.length; at += Number(stride))
    for (const done of [turned, cutOff]) {
      const isPast = place < Number(from);
      place += 1;
      if (isPast) continue;
      await rm(damaged, { recursive: true, force: true });
      await cp(original, damaged, { recursive: true });
      await done(join(damaged, name), content, at, at % BITS);
      console.log(`${place - 1} ${await look()}`);
    }
}
