import { useEffect, useState } from "react";
import type { Output } from "../../src/faces/client.ts";
import { call } from "./client.ts";

type Chunk = Output<"cpl/dm/job/output">["chunks"][number];
export interface JobOutput {
  readonly chunks: readonly Chunk[];
  readonly isEnded: boolean;
  /** Bytes that were written and are not kept. */
  readonly dropped: number;
  readonly error?: unknown;
}

const LOOK_EVERY = 1_000;
/** The page keeps the last characters only; the rest can be read with the command line. */
const CHARACTERS_AT_MOST = 1_000_000;

/** What a job's command writes, as it comes. */
export function useOutput(job: string): JobOutput {
  const [output, setOutput] = useState<JobOutput>({ chunks: [], isEnded: false, dropped: 0 });
  useEffect(() => {
    const stop = new AbortController();
    const { signal } = stop;
    const follow = async () => {
      let chunks: readonly Chunk[] = [];
      let from = 0;
      while (!signal.aborted) {
        const read = await call("cpl/dm/job/output", { job, from }, signal);
        from = read.next;
        chunks = lastOf([...chunks, ...read.chunks]);
        setOutput({ chunks, isEnded: read.ended, dropped: read.dropped });
        if (read.ended) return;
        if (read.chunks.length === 0) await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY));
      }
    };
    follow().catch((error: unknown) => {
      if (!signal.aborted) setOutput((before) => ({ ...before, error }));
    });
    return () => stop.abort();
  }, [job]);
  return output;
}

function lastOf(chunks: readonly Chunk[]): readonly Chunk[] {
  let room = CHARACTERS_AT_MOST;
  const first = chunks.findLastIndex(({ text }) => (room -= text.length) < 0);
  return chunks.slice(first + 1);
}
