import { useState } from "react";
import { isLive, type ChartRange } from "./chart-range.ts";
import { inputOf, isHeavy, type FleetAnswer, type FleetQuestion } from "./fleet-query.ts";
import { useRead } from "./queries.ts";

/** Milliseconds between two looks at what is new: of a range of an hour, and of longer ones. */
const LOOK_EVERY = 10_000;
const RARELY = 300_000;
const WINDOWS = 400;

/** What the fleet answers; what would cost much is told first, and read when somebody says so. */
export interface FleetAnswering {
  readonly answer: FleetAnswer | undefined;
  /** What would be read: the answer waits for `read`. */
  readonly waiting: FleetAnswer | undefined;
  /** What was to be read, where the control plane refused. */
  readonly estimate: FleetAnswer | undefined;
  readonly error: unknown;
  readonly isLoading: boolean;
  readonly read: () => void;
  readonly retry: () => void;
}

export function useFleetAnswer(question: FleetQuestion, range: ChartRange): FleetAnswering {
  const input = inputOf(question, range);
  const key = JSON.stringify(input);
  const [allowed, setAllowed] = useState<string | undefined>(undefined);
  const explained = useRead("cpl/ta/query", { ...input, explain: true });
  const heavy = explained.data !== undefined && isHeavy(explained.data.cost);
  const mayRead = explained.data !== undefined && (!heavy || allowed === key);
  const every = isLive(range) && !heavy ? Math.min(RARELY, Math.max(LOOK_EVERY, range.last / WINDOWS)) : false;
  const answered = useRead("cpl/ta/query", input, { enabled: mayRead, every, keepPrevious: true });
  const error = explained.error ?? (mayRead ? answered.error : undefined) ?? undefined;
  return {
    answer: error === undefined || !answered.isPlaceholderData ? answered.data : undefined,
    waiting: heavy && !mayRead ? explained.data : undefined,
    estimate: explained.data,
    error,
    isLoading:
      error === undefined && (explained.isPending || (mayRead && (answered.isPending || answered.isPlaceholderData))),
    read: () => setAllowed(key),
    retry: () => void (explained.isError ? explained.refetch() : answered.refetch()),
  };
}
