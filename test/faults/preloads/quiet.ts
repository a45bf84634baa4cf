// Runs before a control plane, and keeps it quiet as a file says: "results", it hears none of them; "ends", it stores the end of an upgrade and
// does not acknowledge it. Without the file all is as usual.
import { readFileSync } from "node:fs";
import { register } from "node:module";

const FILE = process.env["EDGEMERE_FAULT_QUIET"] ?? "";

function said(): string {
  try {
    return readFileSync(FILE, "utf8");
  } catch {
    return "";
  }
}

const textOf = (records: unknown) =>
  JSON.stringify(records, (_key, value: unknown) => (typeof value === "bigint" ? String(value) : value));

Object.assign(globalThis, {
  // What is stored is told at the next hello, however quiet it was.
  isDeaf: (stream: string): boolean => stream === "result" && said() === "results",
  keepsQuiet: (stream: string, records: unknown): boolean =>
    stream === "result" && said() === "ends" && textOf(records).includes('"agentUpgrade":{'),
});
register("./quiet-hooks.js", import.meta.url);
