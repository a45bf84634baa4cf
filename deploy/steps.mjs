import { spawn } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

export const root = dirname(import.meta.dirname);
export const workspaces = ["protocol", "agent", "control-plane", "simulators", "test"];
export const tool = (name) => join(root, "node_modules/.bin", name);

/** What a tool said when it refused, or a refusal of ours. It is for the reader; there is no stack worth showing. */
export class StepFailed extends Error {
  isTold = false;

  constructor(message, output) {
    super(message);
    this.name = "StepFailed";
    this.output = output;
  }
}

/**
 * Runs a program in the repository's root and returns what it wrote; throws StepFailed when it does not end with 0.
 * With `show` its output goes to the terminal as it comes.
 */
export async function run(command, args, { show = false, env = {} } = {}) {
  const { NODE_TEST_CONTEXT: _, ...inherited } = process.env; // a `node --test` inside a test process would report to that process
  const child = spawn(command, args, {
    cwd: root,
    env: { ...inherited, ...env },
    stdio: show ? "inherit" : ["ignore", "pipe", "pipe"],
  });
  const chunks = [];
  child.stdout?.on("data", (chunk) => chunks.push(chunk));
  child.stderr?.on("data", (chunk) => chunks.push(chunk));
  const { code, signal } = await new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal }));
  });
  const output = Buffer.concat(chunks).toString();
  if (code !== 0) throw new StepFailed(signal ? `ended by ${signal}` : `exit code ${code}`, output);
  return output;
}

/** One line for one piece of work: what, how it went, how long. `work` may return a few words to add. Throws what `work` throws. */
export async function step(title, work) {
  const startedAt = performance.now();
  const seconds = () => `${((performance.now() - startedAt) / 1000).toFixed(1)} s`;
  const stopShowing = showElapsed(title, seconds);
  try {
    const note = await work();
    stopShowing();
    console.log(`✔ ${title.padEnd(28)} ${seconds().padStart(7)}${note ? `  ${note}` : ""}`);
  } catch (error) {
    stopShowing();
    console.log(`✖ ${title.padEnd(28)} ${seconds().padStart(7)}  ${error.message}`);
    if (error.output) console.log(error.output.trimEnd());
    error.isTold = true;
    throw error;
  }
}

function showElapsed(title, seconds) {
  if (!process.stdout.isTTY) return () => {};
  const frames = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏";
  let turn = 0;
  const timer = setInterval(() => {
    turn += 1;
    process.stdout.write(`\r${frames[turn % frames.length]} ${title.padEnd(28)} ${seconds().padStart(7)}`);
  }, 100);
  return () => {
    clearInterval(timer);
    process.stdout.write("\r\u001b[K");
  };
}

/** Every file below a folder (relative to the root) that `wanted` accepts; none when there is no such folder. */
export function filesBelow(folder, wanted = () => true) {
  return entriesOf(join(root, folder)).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (!entry.isDirectory()) return wanted(path) ? [path] : [];
    return entry.name === "node_modules" ? [] : filesBelow(path, wanted);
  });
}

function entriesOf(path) {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch (error) {
    if (error.code === "ENOENT") return [];
    throw error;
  }
}

const changedAt = (path) => statSync(join(root, path), { throwIfNoEntry: false })?.mtimeMs;

/** Whether `output` is missing or older than one of the sources. */
export function isStale(output, sources) {
  const madeAt = changedAt(output);
  return madeAt === undefined || sources.some((source) => changedAt(source) > madeAt);
}

/** The body of a script: a refusal is told once, anything else is a bug and shows itself. */
export async function main(work) {
  try {
    await work();
  } catch (error) {
    process.exitCode = 1;
    if (!(error instanceof StepFailed)) throw error;
    if (!error.isTold) console.error(error.message);
  }
}

/** Whether a module is what Node was started with, and not imported by another. */
export const isMain = ({ url }) => url === pathToFileURL(process.argv[1] ?? "").href;
