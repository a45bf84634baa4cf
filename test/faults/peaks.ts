import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

const KIB_PER_MIB = 1024;
const execute = promisify(execFile);

/** The most memory a process ever had, MiB; 0 when it is gone. */
export async function peakMemory(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / KIB_PER_MIB;
}

/** What a folder takes on the disk, MiB. Files may come and go meanwhile. */
export async function diskUse(folder: string): Promise<number> {
  const { stdout } = await execute("du", ["-sk", folder]).catch((error: { stdout?: string }) => ({
    stdout: error.stdout ?? "",
  }));
  return Number.parseInt(stdout || "0", 10) / KIB_PER_MIB;
}
