import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { call } from "./client.ts";
import { useLiveEvents, type LiveEvent } from "./live.tsx";

/** So many events stay on the page. */
const EVENTS_AT_MOST = 300;

interface Tail {
  readonly pattern: string;
  readonly after: number | undefined;
  readonly isPaused: boolean;
}

/** Events, newest first: what the log holds, then what happens. While paused new ones are held back and counted. */
export function useEventTail({ pattern, after, isPaused }: Tail) {
  const [live, setLive] = useState<{ readonly pattern: string; readonly events: readonly LiveEvent[] }>({
    pattern,
    events: [],
  });
  const [pausedAt, setPausedAt] = useState<number | undefined>(undefined);
  const types = pattern
    .split(",")
    .map((each) => each.trim())
    .filter(Boolean);
  const query = useQuery({
    // Not under the action's own name: the tail is kept up by events and must not be asked for again.
    queryKey: ["event-tail", pattern, after],
    queryFn: async ({ signal }) =>
      call(
        "ia/event/list",
        { limit: 200, ...(types.length > 0 && { type: types }), ...(after !== undefined && { after }) },
        signal,
      ),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
  useLiveEvents((event) => {
    if (!isWanted(event.type, types)) return;
    setLive((before) => ({
      pattern,
      events: [event, ...(before.pattern === pattern ? before.events : [])].slice(0, EVENTS_AT_MOST),
    }));
  });

  const fresh = live.pattern === pattern ? live.events : [];
  const newest = fresh[0]?.number ?? query.data?.events.at(-1)?.number ?? 0;
  if (isPaused && pausedAt === undefined) setPausedAt(newest);
  if (!isPaused && pausedAt !== undefined) setPausedAt(undefined);

  const limit = pausedAt ?? Number.POSITIVE_INFINITY;
  const byNumber = new Map([...(query.data?.events ?? []), ...fresh].map((event) => [event.number, event]));
  const all = [...byNumber.values()].sort((a, b) => b.number - a.number);
  const events = all.filter(({ number }) => number <= limit).slice(0, EVENTS_AT_MOST);
  return { query, events, held: all.filter(({ number }) => number > limit).length };
}

/** `device.*` stands for all of a class, `*` for all. */
const isWanted = (type: string, patterns: readonly string[]) =>
  patterns.length === 0 ||
  patterns.some(
    (pattern) =>
      pattern === "*" || pattern === type || (pattern.endsWith(".*") && type.startsWith(pattern.slice(0, -1))),
  );
