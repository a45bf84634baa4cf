import { readFile } from "node:fs/promises";
import { cpus, loadavg, release, tmpdir, totalmem } from "node:os";

/** The machine that figures are true of, in lines. */
export async function machine(): Promise<readonly string[]> {
  const all = cpus();
  const [load = 0] = loadavg();
  return [
    `${all.length} × ${all[0]?.model.trim() ?? "unknown CPU"}, ${Math.round(totalmem() / 1024 ** 3)} GiB, load ${load.toFixed(1)} at the start`,
    `Linux ${release()}, Node ${process.version}`,
    `Files in ${tmpdir()}: ${await fileSystemOf(tmpdir())}; another place by TMPDIR`,
  ];
}

/** A file system in memory would make every fsync free. */
async function fileSystemOf(folder: string): Promise<string> {
  const mounts = (await readFile("/proc/self/mounts", "utf8")).split("\n").map((line) => line.split(" "));
  const above = mounts.filter(([, at = ""]) => `${folder}/`.startsWith(at === "/" ? "/" : `${at}/`));
  const [device = "", , type = ""] = above.reduce((deepest, each) =>
    (each[1]?.length ?? 0) >= (deepest[1]?.length ?? 0) ? each : deepest,
  );
  return `${type} on ${device}`;
}
