import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { SECOND } from "@edgemere/protocol/kit";
import type { EventLoop } from "./event-loop.ts";
import { gauge, total, type Family, type Labels } from "./platform/figures.ts";
import type { Health } from "./platform/health.ts";

interface Observed {
  readonly version: string;
  /** Milliseconds since 1970 UTC. */
  readonly startedAt: number;
  readonly eventLoop: Pick<EventLoop, "lag">;
  readonly health: () => Health;
  /** Where the store lies. */
  readonly storeFolder: string;
}

const MICROSECONDS = 1e6;
const statuses = ["ok", "degraded", "failed"] as const;

/** The process itself, with the names that every dashboard knows, and how it judges itself. */
export async function processFigures(observed: Observed): Promise<readonly Family[]> {
  const { version, startedAt, eventLoop, health, storeFolder } = observed;
  const { rss, heapUsed } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const { status, reasons } = health();
  const one = (name: string, help: string, value: number, labels: Labels = {}) =>
    gauge({ name, help }, [[labels, value]]);
  return [
    one("edgemere_build_info", "1, with the version of the control plane", 1, { version, node: process.version }),
    gauge(
      { name: "edgemere_health", help: "1 for how the control plane judges itself, as /healthz tells it" },
      statuses.map((each) => [{ status: each }, Number(each === status)]),
    ),
    gauge(
      { name: "edgemere_health_reason", help: "1 for each reason why it is not ok" },
      reasons.map((reason) => [{ reason }, 1]),
    ),
    one(
      "edgemere_event_loop_lag_seconds",
      "Longest wait for the event loop in the last ten seconds",
      eventLoop.lag() / SECOND,
    ),
    one("edgemere_store_size_bytes", "Size of the files of the store", await sizeOf(storeFolder)),
    one("process_resident_memory_bytes", "Resident memory size in bytes", rss),
    one("nodejs_heap_used_bytes", "Memory that is used by objects", heapUsed),
    one("process_start_time_seconds", "Start time of the process since unix epoch in seconds", startedAt / SECOND),
    total({ name: "process_cpu_seconds", help: "Total user and system CPU time spent in seconds" }, [
      [{}, (user + system) / MICROSECONDS],
    ]),
  ];
}

/** Files come and go under a running store: what is gone counts nothing. */
async function sizeOf(folder: string): Promise<number> {
  const names = await readdir(folder);
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(folder, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
