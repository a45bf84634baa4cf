import { execFile } from "node:child_process";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** Runs a program of the system to its end; gives what it wrote, throws with what it complained of. */
export async function command(file: string, ...args: readonly string[]): Promise<string> {
  try {
    return (
      await execute(file, [...args], { env: { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` } })
    ).stdout;
  } catch (cause) {
    const { stderr = "" } = cause as { stderr?: string };
    throw new Error(`${[file, ...args].join(" ")}: ${stderr.trim()}`, { cause });
  }
}
