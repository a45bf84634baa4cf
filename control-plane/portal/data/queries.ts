import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { Input, Output, Path } from "../../src/faces/client.ts";
import { call } from "./client.ts";
import { useMay } from "./session.tsx";

interface ReadOptions {
  readonly enabled?: boolean;
  /** Milliseconds after which to ask again; false: only when events tell of a change. */
  readonly every?: number | false;
  /** Show the answer to the previous question until the new one is answered. */
  readonly keepPrevious?: boolean;
}

/** The answer of a reading action; asked again when events tell that it changed. */
export const useRead = <P extends Path>(path: P, input: Input<P>, options: ReadOptions = {}) =>
  useQuery<Output<P>>({
    queryKey: [path, input],
    queryFn: async ({ signal }) => call(path, input, signal),
    enabled: options.enabled ?? true,
    refetchInterval: options.every ?? false,
    ...(options.keepPrevious === true && { placeholderData: keepPreviousData }),
  });

/** How the control plane's disk is, for those who may know. */
export const useStorage = () => useRead("ops/storage/find", {}, { enabled: useMay("storage:read"), every: 30_000 });

/** A writing action; every answer on the screen that it may have changed is asked for again. */
export function useWrite<P extends Path>(path: P, onDone?: (output: Output<P>) => void) {
  const queries = useQueryClient();
  return useMutation<Output<P>, Error, Input<P>>({
    mutationKey: [path],
    mutationFn: async (input) => call(path, input),
    onSuccess: (output) => {
      void queries.invalidateQueries({ predicate: ({ queryKey }) => isNear(queryKey[0], path) });
      onDone?.(output);
    },
  });
}

/** `cpl/dm/device/label` changes what `cpl/dm/device/find` answers: all but the last word is the same. */
const isNear = (key: unknown, path: string) =>
  typeof key === "string" && key.startsWith(path.slice(0, path.lastIndexOf("/") + 1));
