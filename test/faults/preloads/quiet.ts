// Runs before a control plane: it stores what comes and does not acknowledge it, as a file says: "results" none of them, "ends" none from
// the end of an upgrade on; without the file all is as usual.
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
  keepsQuiet: (stream: string, records: unknown): boolean => {
    if (stream !== "result") return false;
    const word = said();
    return word === "results" || (word === "ends" && textOf(records).includes('"agentUpgrade":{'));
  },
});
register("./quiet-hooks.js", import.meta.url);
