import { spawn } from "node:child_process";
import { join } from "node:path";
import { onStopSignals, SECOND, systemClock } from "@edgemere/protocol/kit";
import { releaseFolder } from "../host/linux/release-folder.ts";
import { PROGRAM } from "../host/linux/releases.ts";
import { lineLog } from "../log.ts";
import type { Slot } from "./trial.ts";
import { watchOver, type RunningAgent } from "./watcher.ts";

/** The launcher starts anew what is chosen now. */
const AGAIN = 75;
/** Longer than an agent takes that stops as it should. */
const END_WITHIN = 15 * SECOND;

const [folder, ...words] = process.argv.slice(2);
if (folder === undefined || words.length === 0) {
  console.error("edgemere-agent-watcher: it is started by edgemere-agent-launcher, and by nobody else");
  process.exit(2);
}

const base = join(import.meta.dirname, "../..");
const stop = new AbortController();
let running: RunningAgent | undefined;
onStopSignals({ stop: () => wish(), kill: () => process.exit(1) }, systemClock);

function wish(): void {
  stop.abort();
  void running?.end();
}

/** One process of the agent; its words are those of the launcher. */
function start(slot: Slot): RunningAgent {
  const program = join(slot === "base" ? base : join(folder ?? "", slot), PROGRAM);
  const child = spawn(process.execPath, [program, ...words], {
    // It ends with whoever watches over it: two of them would be in each other's way.
    stdio: ["inherit", "inherit", "inherit", "ipc"],
    env: { ...process.env, EDGEMERE_LAUNCHER_RELEASES: folder, EDGEMERE_LAUNCHER_SLOT: slot },
  });
  const ended = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code, signal) => resolve(signal ?? String(code)));
  });
  running = {
    ended,
    end: async () => {
      const over = new AbortController();
      child.kill("SIGTERM");
      void systemClock.sleep(END_WITHIN, over.signal).then(() => {
        if (!over.signal.aborted) child.kill("SIGKILL");
      });
      await ended;
      over.abort();
    },
  };
  return running;
}

/** Of a release that was kept, what it ended with; one that was taken back is followed by another start. */
function codeOf(end: string | undefined): number {
  if (end === undefined) return AGAIN;
  return /^\d+$/.test(end) ? Number(end) : 1;
}

const log = lineLog({
  write: (line) => process.stderr.write(line),
  timestamp: () => new Date().toISOString(),
  level: () => "info",
  isForPeople: process.stderr.isTTY,
});
const kept = await watchOver({ folder: releaseFolder(folder), clock: systemClock, log, start, stop: stop.signal });
const end = await kept?.ended;
process.exit(stop.signal.aborted ? 0 : codeOf(end));
