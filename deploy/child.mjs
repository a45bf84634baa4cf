import { spawn } from "node:child_process";
import { appendFileSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { root, StepFailed } from "./steps.mjs";

const LOG_BYTES = 10 * 2 ** 20;
const KEPT_LINES = 2_000;
const TOLD_LINES = 20;
const PATIENCE_MS = 20_000;

/**
 * Starts one of our programs beside this process. It leads a group of its own, so that a Ctrl-C reaches the launcher only and the
 * order of stopping is kept; it holds an IPC channel, by whose end it learns that the launcher is gone.
 * `input` goes to its standard input; what it writes is kept until `logTo` names a file.
 */
export function startChild({ name, script, args, input = "", show = false }) {
  const child = spawn(process.execPath, [join(root, script), ...args], {
    stdio: ["pipe", "pipe", "pipe", "ipc"],
    detached: true,
  });
  child.stdin.on("error", () => {}); // it ended without reading; its exit tells why
  child.stdin.end(input);

  const lines = [];
  let write;
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => {
      lines.push(line);
      if (lines.length > KEPT_LINES) lines.shift();
      write?.(line);
      if (show) process.stderr.write(`${line}\n`);
    });
  }
  const exited = new Promise((resolve) => {
    child.on("error", (error) => resolve(`could not be started: ${error.message}`));
    child.on("close", (code, signal) => resolve(signal ? `was ended by ${signal}` : `ended with exit code ${code}`));
  });

  const died = exited.then((how) => {
    throw new StepFailed([...(show ? [] : lines.slice(-TOLD_LINES)), `The ${name} ${how}.`].join("\n"));
  });
  died.catch(() => {}); // for those who ask

  return {
    /** Rejects when it ends, with its last words. */
    died,
    logTo: (path) => {
      write = logFile(path);
      for (const line of lines) write(line);
    },
    /** The first message of this type that it sends; rejects when it ends before. */
    message: (type) => {
      const arrived = new Promise((resolve) => {
        child.on("message", (message) => {
          if (message?.type === type) resolve(message);
        });
      });
      return Promise.race([arrived, died]);
    },
    send: (message) => child.send(message),
    kill: () => child.kill("SIGKILL"),
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGTERM");
      const timer = setTimeout(() => {
        console.error(`the ${name} has not stopped within ${PATIENCE_MS / 1000} s and is killed`);
        child.kill("SIGKILL");
      }, PATIENCE_MS);
      await exited;
      clearTimeout(timer);
    },
  };
}

/** Appends lines to a file that is put aside as `<path>.1` when it has grown large. What cannot be written is lost: a full disk must not end what it tells of. */
function logFile(path) {
  return (line) => {
    try {
      if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > LOG_BYTES) renameSync(path, `${path}.1`);
      appendFileSync(path, `${line}\n`, { mode: 0o600 });
    } catch (error) {
      if (!("code" in error)) throw error;
    }
  };
}
