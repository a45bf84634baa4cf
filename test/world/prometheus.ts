import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import { freePort } from "./free-ports.ts";
import { eventually } from "./world.ts";

const missing = (program: string): string | false =>
  spawnSync(program, ["--version"]).error === undefined ? false : `${program} is not installed`;

/** Why tests with it are skipped; false when it is there. Debian's package `prometheus` has both. */
const [PROMETHEUS, PROMTOOL] = ["prometheus", "promtool"] as const;
export const noPrometheus = missing(PROMETHEUS);
export const noPromtool = missing(PROMTOOL);

/** Throws what it has against what it is given. */
export const promtool = (args: readonly string[], input = ""): void =>
  void execFileSync(PROMTOOL, [...args], { input, stdio: ["pipe", "pipe", "pipe"] });

/** One series of an answer, with its newest value. */
export interface Found {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [at: number, value: string];
  /** Of a range: all of them. */
  readonly values?: readonly (readonly [at: number, value: string])[];
}

/** A Prometheus of its own, with what its configuration says and nothing else. */
export interface Prometheus extends AsyncDisposable {
  readonly url: string;
  /** The answer to a query in PromQL; throws what Prometheus has against it. */
  query(expression: string): Promise<readonly Found[]>;
  /** Why each target could not be read; empty where it could. */
  targets(): Promise<readonly { readonly health: string; readonly lastError: string }[]>;
}

/** It takes what others write to it, at `/api/v1/write`. On a port of before, where it has been already. */
export async function startPrometheus(folder: string, configuration: object = {}, on?: number): Promise<Prometheus> {
  await mkdir(folder, { recursive: true });
  const file = join(folder, "prometheus.yaml");
  await writeFile(file, stringify(configuration));
  const port = on ?? (await freePort());
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(
    PROMETHEUS,
    [
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--web.enable-remote-write-receiver",
    ],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  const ended = once(child, "close");
  let output = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (output += text));
  const stop = async () => {
    child.kill("SIGKILL");
    await ended;
  };
  const asked = async <T>(path: string): Promise<T> => {
    const response = await fetch(`${url}${path}`);
    const { data, error } = (await response.json()) as { readonly data: T; readonly error?: string };
    if (error !== undefined) throw new Error(`${decodeURIComponent(path)}: ${error}`);
    return data;
  };
  try {
    await eventually(async () => {
      if (child.exitCode !== null) throw new Error("it ended");
      return (await fetch(`${url}/-/ready`)).ok;
    }, "Prometheus to be ready");
  } catch (error) {
    await stop();
    throw new Error(`Prometheus did not start:\n${output}`, { cause: error });
  }
  return {
    url,
    query: async (expression) => {
      const { result } = await asked<{ readonly result: readonly Found[] }>(
        `/api/v1/query?query=${encodeURIComponent(expression)}`,
      );
      return result;
    },
    targets: async () => {
      const { activeTargets } = await asked<{
        readonly activeTargets: readonly { readonly health: string; readonly lastError: string }[];
      }>("/api/v1/targets");
      return activeTargets;
    },
    [Symbol.asyncDispose]: stop,
  };
}
