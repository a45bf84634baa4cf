// Makes protocol/generated/*.js and *.d.ts from the .proto files.
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const here = import.meta.dirname;
const pbjs = join(dirname(createRequire(import.meta.url).resolve("protobufjs-cli/package.json")), "bin/pbjs");
const packages = [
  { name: "v1", of: "edgemere.v1" },
  { name: "sparkplug-b", of: "sparkplug.b.v1" },
];

mkdirSync(join(here, "generated"), { recursive: true });
for (const { name, of } of packages) {
  const folder = join(here, "proto", ...of.split("."));
  const out = join(here, "generated", name);
  const files = readdirSync(folder)
    .filter((file) => file.endsWith(".proto"))
    .sort()
    .map((file) => join(folder, file));
  const options =
    "--target static-module --wrap esm --force-number --null-semantics --no-service --no-delimited --no-verify --no-typeurl".split(
      " ",
    );
  const make = (...more) =>
    execFileSync(
      process.execPath,
      [pbjs, ...options, "--path", join(here, "proto"), "--root", name, "--out", `${out}.js`, ...more, ...files],
      { stdio: "inherit" },
    );
  // Types are made of the comments; the code goes without them and without its indents, for whoever runs it keeps its text in memory.
  make("--dts");
  make("--no-comments");

  // A short name for the package, as a value and as a namespace of types.
  const finish = (file, last) =>
    writeFileSync(file, `${readFileSync(file, "utf8").replaceAll(/^ +/gm, "")}\n${last}\n`);
  finish(`${out}.js`, `export const v1 = ${of};`);
  finish(`${out}.d.ts`, `export import v1 = ${of};`);
}
