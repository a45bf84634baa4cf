// Runs before an agent: kills it as by SIGKILL right before the step that is named by its number, of those that matter to
// a command, or to the files that are named instead. Steps are the writes and syncs of the journal and of the results, and the start of a program.
import childProcess from "node:child_process";
import fs from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";

const STEP = Number(process.env["EDGEMERE_FAULT_STEP"]);
const FILES = process.env["EDGEMERE_FAULT_FILES"] ?? "commands/(journal|change)|spool/result/";
const MATTERS = new RegExp(FILES);
const paths = new WeakMap<FileHandle, string>();
let steps = 0;
/** From the start on, or from SIGUSR2 on. */
let isCounting = process.env["EDGEMERE_FAULT_FROM"] !== "SIGUSR2";
process.on("SIGUSR2", () => {
  isCounting = true;
  fs.writeSync(2, "steps are counted\n");
});

function step(what: string): void {
  if (!isCounting) return;
  steps += 1;
  if (steps !== STEP) return;
  fs.writeSync(2, `killed before ${what}\n`);
  process.kill(process.pid, "SIGKILL");
  // The signal ends the process before anything else happens.
  for (;;);
}

const probe = await open("/dev/null");
const prototype = Object.getPrototypeOf(probe) as Record<string, (this: FileHandle, ...given: unknown[]) => unknown>;
await probe.close();
for (const name of ["appendFile", "writeFile", "sync", "datasync"]) {
  const original = prototype[name];
  prototype[name] = function (...given) {
    const path = paths.get(this);
    if (path !== undefined) step(`${name} of ${path}`);
    return original?.apply(this, given);
  };
}

const openFile = fs.promises.open;
fs.promises.open = async (...given: Parameters<typeof openFile>) => {
  const file = await openFile(...given);
  const path = typeof given[0] === "string" ? given[0] : "";
  if (MATTERS.test(path)) paths.set(file, path.replace(/^.*\/(commands|spool)\//, "$1/"));
  return file;
};

const startProgram = childProcess.spawn;
childProcess.spawn = ((...given: Parameters<typeof startProgram>) => {
  const [, words] = given as readonly unknown[];
  if (Array.isArray(words) && words.some((word) => String(word).includes("effect-"))) step("the effect");
  return startProgram(...given);
}) as typeof startProgram;
syncBuiltinESMExports();
