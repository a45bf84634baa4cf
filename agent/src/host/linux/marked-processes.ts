import { SECOND } from "@edgemere/protocol/kit";
import type { Clock } from "@edgemere/protocol/kit";
import { kernelNames, kernelText } from "./kernel-files.ts";

// Descendants inherit it over setsid, nohup and a second fork; who wants to get rid of it can.
const VARIABLE = "EDGEMERE_COMMAND";
// A process that forks while it is looked for is met in the next round.
const ROUNDS = 20;
const BETWEEN = SECOND / 50;

/** The environment of a program that carries a mark. */
export const markVariable = (mark: string | undefined): Readonly<Record<string, string>> =>
  mark === undefined ? {} : { [VARIABLE]: mark };

/** Kills every process that carries one of the marks, as far as this user may; gives how many there were. */
export async function killMarked(marks: readonly string[], clock: Clock): Promise<number> {
  const killed = new Set<number>();
  for (let round = 0; round < ROUNDS; round += 1) {
    const found = markedProcesses(new Set(marks.map((mark) => `${VARIABLE}=${mark}`)));
    if (found.length === 0) break;
    for (const pid of found) if (kill(pid)) killed.add(pid);
    await clock.sleep(BETWEEN);
  }
  return killed.size;
}

/** Read and killed without a pause between, so that no number can mean another process by then. */
function markedProcesses(wanted: ReadonlySet<string>): readonly number[] {
  if (wanted.size === 0) return [];
  return kernelNames("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) =>
      kernelText(`/proc/${pid}/environ`)
        ?.split("\0")
        .some((variable) => wanted.has(variable)),
    )
    .map(Number);
}

function kill(pid: number): boolean {
  try {
    return process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself, or belongs to another user.
    return false;
  }
}
