import { useQuery } from "@tanstack/react-query";
import type { Output } from "../../src/faces/client.ts";
import { call } from "./client.ts";
import type { Interval } from "./chart-range.ts";
import { useMay } from "./session.tsx";

type Job = Output<"cpl/dm/job/list">["items"][number];

/** Something that a device was asked to do, on the time line. */
export interface Mark {
  readonly job: string;
  readonly kind: string;
  readonly state: string;
  readonly from: number;
  /** Undefined while it goes on. */
  readonly to: number | undefined;
}

const OPEN: readonly string[] = ["running", "awaitingapproval"];
const PAGE = 100;
/** A device that was asked more than this since is looked at in a shorter range. */
const PAGES_AT_MOST = 5;

/** What a device was asked to do since an instant, newest first; asked again when events tell that it changed. */
export function useMarks(device: string, since: number): readonly Mark[] {
  const may = useMay("job:read");
  const from = wholeHour(since);
  const jobs = useQuery({
    queryKey: ["cpl/dm/job/list", { device, marks: from }],
    queryFn: async ({ signal }) => (await jobsSince({ device }, from, signal)).jobs,
    enabled: may,
  });
  return (jobs.data ?? []).map(({ id, kind, state, createdAt, updatedAt }) => ({
    job: id,
    kind,
    state,
    from: createdAt,
    to: OPEN.includes(state) ? undefined : updatedAt,
  }));
}

const HOUR = 60 * 60_000;

/** A live range begins at another instant each time; what came before it is harmless. */
export const wholeHour = (since: number): number => Math.floor(since / HOUR) * HOUR;

/** Jobs of one device or of all, newest first, back to an instant, or to where there are too many. */
export async function jobsSince(
  of: { readonly device?: string },
  from: number,
  signal: AbortSignal,
): Promise<{ readonly jobs: readonly Job[]; readonly isAll: boolean }> {
  const jobs: Job[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < PAGES_AT_MOST; page++) {
    const answer = await call(
      "cpl/dm/job/list",
      { ...of, limit: PAGE, ...(cursor !== undefined && { cursor }) },
      signal,
    );
    jobs.push(...answer.items);
    cursor = answer.next;
    if (cursor === undefined || (jobs.at(-1)?.createdAt ?? 0) < from) return { jobs, isAll: true };
  }
  return { jobs, isAll: false };
}

/** Those that a range shows. */
export const marksWithin = (marks: readonly Mark[], { from, to }: Interval): readonly Mark[] =>
  marks.filter((mark) => mark.from <= to && (mark.to ?? to) >= from);
