import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { noTerminal } from "../world/has-terminal.ts";
import { hasOlderSources } from "./tools/older-build.ts";

const FAKETIME = ["x86_64", "aarch64"].map((cpu) => `/usr/lib/${cpu}-linux-gnu/faketime/libfaketimeMT.so.1`);

/** Where libfaketime lies; empty when it is not installed. */
export const faketimeLibrary = (): string => FAKETIME.find((path) => existsSync(path)) ?? "";

const MEMORY_GROUP = "/sys/fs/cgroup/memory/cgroup.procs";

/** Each thing a scenario may need of the machine: whether it is there, and what to say when it is not. */
const needs = {
  root: { isMet: () => process.getuid?.() === 0, missing: "it must run as root" },
  namespaces: { isMet: () => has("ip", "nft", "tc"), missing: "ip, nft and tc (iproute2, nftables) are not installed" },
  loop: {
    isMet: () => has("mount", "mkfs.ext4", "perl") && existsSync("/dev/loop-control"),
    missing: "mkfs.ext4 (e2fsprogs), perl or loop devices are missing",
  },
  tmpfs: { isMet: () => has("mount"), missing: "mount is not installed" },
  strace: { isMet: () => has("strace"), missing: "strace is not installed" },
  faketime: { isMet: () => faketimeLibrary() !== "", missing: "libfaketime is not installed" },
  prlimit: { isMet: () => has("prlimit"), missing: "prlimit (util-linux) is not installed" },
  cgroup: { isMet: () => canWrite(MEMORY_GROUP), missing: "there is no memory cgroup (version 1) to write to" },
  at: { isMet: () => has("at"), missing: "at is not installed" },
  cron: { isMet: () => has("crontab"), missing: "cron is not installed" },
  mosquitto: { isMet: () => has("mosquitto"), missing: "mosquitto is not installed" },
  terminal: { isMet: () => noTerminal === false, missing: String(noTerminal) },
  history: { isMet: hasOlderSources, missing: "a shallow clone or an archive has no history to build from" },
  nats: { isMet: () => has("nats-server"), missing: "nats-server is not installed" },
} as const;

export type Need = keyof typeof needs;

/** Why a scenario cannot run here; undefined when it can. */
export function missing(wanted: readonly Need[]): string | undefined {
  const unmet = wanted.filter((need) => !needs[need].isMet());
  return unmet.length === 0 ? undefined : unmet.map((need) => needs[need].missing).join("; ");
}

const has = (...programs: readonly string[]) => programs.every((program) => folders().some((at) => runs(at, program)));

const folders = () => [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/sbin"];

function runs(folder: string, program: string): boolean {
  return isAllowed(join(folder, program), constants.X_OK);
}

const canWrite = (path: string) => isAllowed(path, constants.W_OK);

function isAllowed(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}
