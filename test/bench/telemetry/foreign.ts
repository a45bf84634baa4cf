import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "../../world/world.ts";
import { useOf } from "../process-use.ts";

// Debian installs them where only administrators look.
const env = { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin` };

/** Programs of others that stand beside ours, with the option that only shows something, and Debian's package. */
const packages = {
  mosquitto: { shows: "-h", from: "mosquitto" },
  "victoria-metrics": { shows: "-version", from: "victoria-metrics" },
  influxd: { shows: "version", from: "influxdb" },
} as const;
type ProgramName = keyof typeof packages;

/** How to get what is missing here. */
export function missingPrograms(): readonly string[] {
  const names = Object.keys(packages) as ProgramName[];
  return names
    .filter((name) => spawnSync(name, [packages[name].shows], { env }).error !== undefined)
    .map((name) => `${name} is not installed and is left out: apt-get install ${packages[name].from}`);
}

export const isInstalled = (name: ProgramName): boolean =>
  spawnSync(name, [packages[name].shows], { env }).error === undefined;

/** A program of others that runs. Its folder is temporary: it is ended at once. */
export interface Foreign extends AsyncDisposable {
  readonly pid: number;
}

/** Resolves when it answers. */
export async function startForeign(
  name: ProgramName,
  args: readonly string[],
  answers: () => Promise<boolean>,
): Promise<Foreign> {
  const child = spawn(name, args, { env, stdio: "ignore" });
  const ended = once(child, "exit");
  const stop = async () => {
    child.kill("SIGKILL");
    await ended;
  };
  const isOver = ended.then(() => {
    throw new Error(`it ended: ${name} ${args.join(" ")}`);
  });
  isOver.catch(() => {});
  try {
    await Promise.race([eventually(answers, `${name} to answer`), isOver]);
  } catch (error) {
    await stop();
    throw error;
  }
  return { pid: child.pid ?? 0, [Symbol.asyncDispose]: stop };
}

const LOOKED_EVERY = 500;
const QUIET = 20;
const PATIENCE = 20_000;

/** Until none of these processes has much to do any more, or it has gone on for long: what they put off belongs to what was asked of them. */
export async function quiet(pids: readonly number[], patience = PATIENCE): Promise<void> {
  const giveUpAt = performance.now() + patience;
  const used = async () => (await Promise.all(pids.map(useOf))).reduce((sum, { cpu }) => sum + cpu, 0);
  for (let before = await used(); performance.now() < giveUpAt;) {
    await sleep(LOOKED_EVERY);
    const now = await used();
    if (now - before <= QUIET) return;
    before = now;
  }
}
