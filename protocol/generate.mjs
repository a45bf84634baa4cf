// Makes protocol/generated/v1.js and v1.d.ts from the .proto files.
import { execFileSync } from "node:child_process";
import { appendFileSync, mkdirSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const here = import.meta.dirname;
const folder = join(here, "proto/edgemere/v1");
const pbjs = join(dirname(createRequire(import.meta.url).resolve("protobufjs-cli/package.json")), "bin/pbjs");

mkdirSync(join(here, "generated"), { recursive: true });
execFileSync(
  process.execPath,
  [
    pbjs,
    "--target",
    "static-module",
    "--wrap",
    "esm",
    "--dts",
    "--path",
    join(here, "proto"),
    "--force-number",
    "--null-semantics",
    "--no-service",
    "--no-delimited",
    "--out",
    join(here, "generated/v1.js"),
    ...readdirSync(folder)
      .filter((name) => name.endsWith(".proto"))
      .sort()
      .map((name) => join(folder, name)),
  ],
  { stdio: "inherit" },
);

// A short name for the package, as a value and as a namespace of types.
appendFileSync(join(here, "generated/v1.js"), "\nexport const v1 = edgemere.v1;\n");
appendFileSync(join(here, "generated/v1.d.ts"), "\nexport import v1 = edgemere.v1;\n");
