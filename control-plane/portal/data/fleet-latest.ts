import { useQueries, type UseQueryResult } from "@tanstack/react-query";
import type { Output } from "../../src/faces/client.ts";
import { wholeOf } from "./folded.ts";
import { call } from "./client.ts";

type Latest = Output<"cpl/ta/latest">;
/** Milliseconds between two looks at the newest values. */
const LOOK_EVERY = 30_000;

export type Newest = Pick<Latest["values"][number], "at" | "value">;

/** The newest values of some devices. */
export interface FleetLatest {
  /** Names of all metrics that any of them has, in order. */
  readonly metrics: readonly string[];
  /** The highest newest value that a device has of a metric: of several disks, the fullest. */
  readonly highest: (device: string, metric: string) => Newest | undefined;
  readonly isLoading: boolean;
  readonly error: unknown;
}

export const useFleetLatest = (devices: readonly string[]): FleetLatest =>
  useQueries({
    queries: devices.map((device) => ({
      queryKey: ["cpl/ta/latest", { device }],
      queryFn: ({ signal }: { signal: AbortSignal }) => call("cpl/ta/latest", { device }, signal),
      refetchInterval: LOOK_EVERY,
    })),
    combine,
  });

function combine(answers: readonly UseQueryResult<Latest>[]): FleetLatest {
  const known = answers.flatMap(({ data }) => data ?? []);
  return {
    metrics: [...new Set(known.flatMap(({ values }) => values.map(({ metric }) => wholeOf(metric) ?? metric)))].sort(),
    highest: (device, metric) => {
      const { values = [] } = known.find((each) => each.device === device) ?? {};
      return values.filter((each) => each.metric === metric).toSorted((a, b) => b.value - a.value)[0];
    },
    isLoading: answers.some((each) => each.isPending),
    error: answers.find(({ error }) => error !== null)?.error ?? undefined,
  };
}
