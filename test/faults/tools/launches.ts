import { join } from "node:path";
import type { Launch } from "../../world/program.ts";
import { faketimeLibrary } from "../needs.ts";

/** A module of `preloads/` runs in the program before the program itself, and reads what it is to do from the environment. */
export const preloaded = (name: string, environment: Readonly<Record<string, string>>): Launch => ({
  node: ["--import", join(import.meta.dirname, `../preloads/${name}.js`)],
  environment,
});

/**
 * The kernel answers some system calls in another way, in the words of strace. The traced process stays the child of
 * whoever starts it (-D).
 */
export const traced = (...injections: readonly string[]): Launch => ({
  under: [
    "strace",
    "-D",
    "-f",
    "--seccomp-bpf",
    "-qq",
    "-o",
    "/dev/null",
    "-e",
    `trace=${injections.map((each) => each.split(":")[0]).join(",")}`,
    ...injections.flatMap((each) => ["-e", `inject=${each}`]),
  ],
});

/** File work on one thread, so that the third call is the third. */
export const inOneRow = (launch: Launch): Launch => ({
  ...launch,
  environment: { ...launch.environment, UV_THREADPOOL_SIZE: "1" },
});

/** The wall clock follows a file, where stands by how much it is off, as in `-1h`; the monotonic one is left alone. */
export const wallClock = (file: string): Launch => ({
  environment: {
    LD_PRELOAD: faketimeLibrary(),
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_NO_CACHE: "1",
    FAKETIME_DONT_FAKE_MONOTONIC: "1",
  },
});

export const limited = (...limits: readonly string[]): Launch => ({ under: ["prlimit", ...limits] });

/** Joins a control group of this folder before it begins. */
export const grouped = (folder: string): Launch => ({
  under: ["sh", "-c", `echo $$ > ${folder}/cgroup.procs && exec "$@"`, "sh"],
});
