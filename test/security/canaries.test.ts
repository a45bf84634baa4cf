import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { levelDatabase } from "@edgemere/control-plane";
import { Program } from "../world/program.ts";
import { temporaryFolder } from "../world/temporary-folder.ts";
import { filesBelow, leaksOf, seenOf, storedIn, type Place } from "./canaries.ts";

const SECRET = 'canary "of" coal/mine+1';
const place = (text: string): Place => ({ name: "there", bytes: Buffer.from(text) });

const writings: readonly (readonly [string, string])[] = [
  ["it is", `x${SECRET}y`],
  ["JSON", JSON.stringify({ text: SECRET })],
  ["part of an address", `https://h/?q=${encodeURIComponent(SECRET)}`],
  ["hex", Buffer.from(SECRET).toString("hex")],
  ["base64", Buffer.from(SECRET).toString("base64")],
  ["base64", Buffer.from(`a${SECRET}b`).toString("base64")],
  ["base64", Buffer.from(`ab${SECRET}`).toString("base64")],
  ["base64", Buffer.from(`abc${SECRET}x`).toString("base64url")],
];
for (const [form, text] of writings)
  test(`T30 T39 a secret that is written as ${form} is found: ${text.slice(0, 12)}`, async () => {
    const found = await leaksOf({ bird: SECRET }, [place("nothing"), place(text)]);

    assert.ok(
      found.some((each) => each.startsWith(`bird, as ${form}`) && each.endsWith("in there")),
      found.join("\n"),
    );
  });

test("T30 T39 what is not there is not found, and what is too short is not looked for", async () => {
  assert.deepEqual(await leaksOf({ bird: SECRET }, [place("a canary of coal")]), []);
  await assert.rejects(leaksOf({ bird: "pip" }, [place("pip")]), /too short/);
});

test("T30 T39 secrets are found in files of any depth, in packed backups and in the values of a store", async () => {
  await using folder = await temporaryFolder("canaries");
  await mkdir(join(folder.path, "deep"));
  await writeFile(join(folder.path, "deep", "a.log"), SECRET);
  const packed = gzipSync(`${SECRET}, said the bird`);
  await writeFile(join(folder.path, "b.backup"), Buffer.concat([Buffer.from("edgemere-backup 1 plain\n"), packed]));
  const database = await levelDatabase(join(folder.path, "store"));
  await database.batch([{ type: "put", key: "k", value: Buffer.from(SECRET) }]);
  await database.close();

  const files = (await leaksOf({ bird: SECRET }, filesBelow(folder.path))).filter((each) => each.includes("it is"));
  const stored = await leaksOf({ bird: SECRET }, storedIn(folder.path));

  assert.ok(files.includes("bird, as it is, in deep/a.log"));
  assert.ok(files.includes("bird, as it is, in b.backup, unpacked"));
  assert.deepEqual(stored, ["bird, as it is, in the store, k"]);
});

test("T30 T39 secrets are found in the arguments and the environment of a process", async () => {
  await using program = new Program({
    script: "test/dist/security/canary-program.js",
    args: [SECRET],
    environment: { CANARY: `is ${SECRET}` },
  });
  await program.said(/ready/);

  assert.deepEqual(await leaksOf({ bird: SECRET }, seenOf("it", program.pid)), [
    "bird, as it is, in it, cmdline",
    "bird, as it is, in it, environ",
  ]);
});
