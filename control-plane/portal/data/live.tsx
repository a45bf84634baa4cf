import { useQueryClient, type QueryClient } from "@tanstack/react-query";
import { createContext, useContext, useEffect, useEffectEvent, useMemo, useState, type ReactNode } from "react";
import type { Output } from "../../src/faces/client.ts";
import { liveCallsOnDemand, type LiveCallsOnDemand } from "./reports.ts";
import { markSessionEnded } from "./session.tsx";
import { isRefusal } from "./refusal.ts";

export type LiveEvent = Output<"ia/event/list">["events"][number];
export type Connection = "connecting" | "live" | "lost";
type Listener = (event: LiveEvent) => void;

interface Live {
  readonly connection: Connection;
  readonly calls: LiveCallsOnDemand;
  readonly listen: (listener: Listener) => () => void;
}

/** Milliseconds over which events are gathered before the answers they touch are asked for again. */
const GATHER_FOR = 1_000;

/** What events of a class make outdated: the beginnings of addresses. */
const touched: Readonly<Record<string, readonly string[]>> = {
  device: ["cpl/dm/device/", "cpl/dm/session/"],
  enrolmenttoken: ["cpl/dm/token/"],
  job: ["cpl/dm/job/"],
  command: ["cpl/dm/job/"],
  adevice: ["cpl/ta/adevice/"],
  alert: ["sa/pe/alert/"],
  policy: ["sa/pe/policy/", "sa/pe/alert/"],
  silence: ["sa/pe/silence/"],
  rollout: ["cpl/dm/rollout/"],
  rollouttarget: ["cpl/dm/rollout/"],
  data: ["diml/dml/fmdm/"],
  datasource: ["diml/dml/fmdm/"],
  datarequest: ["diml/dml/do/"],
  datareservation: ["diml/dml/do/"],
  datareference: ["diml/dml/do/"],
  datainstance: ["diml/dml/do/"],
  apitoken: ["ia/token/", "ia/session/"],
  user: ["ia/user/"],
  storage: ["ops/storage/"],
  backup: ["ops/backup/"],
};

const LiveContext = createContext<Live>({
  connection: "connecting",
  calls: liveCallsOnDemand(),
  listen: () => () => {},
});

/** Keeps one event channel open for the whole portal, and one for answers that wait when a page needs it. */
export function LiveProvider({ children }: { readonly children: ReactNode }) {
  const queries = useQueryClient();
  const [connection, setConnection] = useState<Connection>("connecting");
  const [listeners] = useState(createListeners);
  const [calls] = useState(liveCallsOnDemand);

  const tell = useEffectEvent(listeners.tell);

  useEffect(() => {
    const stop = new AbortController();
    const refresh = refresher(queries);
    const follow = async () => {
      const { watchEvents } = await import("../../src/faces/client-events.ts");
      const onConnection = (lost: Error | undefined) => {
        setConnection(lost === undefined ? "live" : "lost");
        // What changed while nobody listened is not known.
        if (lost === undefined) void queries.invalidateQueries({ predicate: ({ state }) => state.dataUpdateCount > 0 });
      };
      for await (const event of watchEvents({ baseUrl: "", types: ["*"], signal: stop.signal, onConnection })) {
        refresh.about(event.type);
        tell(event);
      }
    };
    follow().catch((error: unknown) => {
      setConnection("lost");
      if (isRefusal(error, "not-signed-in")) {
        markSessionEnded();
        void queries.invalidateQueries({ queryKey: ["ia/whoami"] });
      }
    });
    return () => {
      stop.abort();
      refresh.stop();
    };
  }, [queries]);

  useEffect(() => () => calls[Symbol.dispose](), [calls]);

  const live = useMemo<Live>(() => ({ connection, calls, listen: listeners.listen }), [connection, calls, listeners]);
  return <LiveContext value={live}>{children}</LiveContext>;
}

export const useLiveCalls = (): LiveCallsOnDemand => useContext(LiveContext).calls;

export const useConnection = (): Connection => useContext(LiveContext).connection;

/** Calls back for every event from now on. */
export function useLiveEvents(listener: Listener): void {
  const { listen } = useContext(LiveContext);
  const onEvent = useEffectEvent(listener);
  useEffect(() => listen((event) => onEvent(event)), [listen]);
}

function createListeners() {
  const listeners = new Set<Listener>();
  return {
    listen: (listener: Listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    tell: (event: LiveEvent) => {
      for (const listener of listeners) listener(event);
    },
  };
}

function refresher(queries: QueryClient) {
  const outdated = new Set<string>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const flush = () => {
    timer = undefined;
    const prefixes = [...outdated];
    outdated.clear();
    void queries.invalidateQueries(
      { predicate: ({ queryKey: [path] }) => prefixes.some((prefix) => String(path).startsWith(prefix)) },
      { cancelRefetch: false },
    );
  };
  return {
    about: (type: string) => {
      for (const prefix of touched[type.split(".", 1)[0] ?? ""] ?? []) outdated.add(prefix);
      outdated.add("ia/event/");
      timer ??= setTimeout(flush, GATHER_FOR);
    },
    stop: () => clearTimeout(timer),
  };
}
