import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { jobsSince, wholeHour } from "./chart-marks.ts";
import { isLive, type ChartRange } from "./chart-range.ts";
import { call } from "./client.ts";
import { useDeviceNames } from "./device-names.ts";
import { askedMarks, gapMarks, type FleetMark } from "./fleet-marks.ts";
import { rangeInput, type FleetAnswer, type FleetQuestion } from "./fleet-query.ts";
import { useRead } from "./queries.ts";
import { isRefusal } from "./refusal.ts";
import type { DeviceRow } from "./rows.ts";
import { useMay } from "./session.tsx";

/** Devices that are asked one after the other for their gaps: each answer reads what lies stored of the range. */
export const GAPS_OF = 12;
const DEVICES_AT_MOST = 500;
const ROLLOUTS_AT_MOST = 100;
const HOUR = 60 * 60_000;
/** Milliseconds between two looks at what changes by itself. */
const [SOON, LATER, RARELY] = [10_000, 60_000, 300_000];

/** Which devices a chart is about. */
export interface ShownDevices {
  /** The first of them, by name. */
  readonly devices: readonly Pick<DeviceRow, "id" | "name">[];
  /** Devices of children that are drawn, by the names that answers give them; a slash is in no other name. */
  readonly theirs: readonly string[];
  /** Whether others of children are summed up in it. */
  readonly hasMore: boolean;
  /** So many devices in all, without those. */
  readonly total: number;
  /** The whole fleet. */
  readonly isAll: boolean;
}

interface Marks {
  readonly marks: readonly FleetMark[];
  readonly error: unknown;
  readonly isPending: boolean;
}
export interface FleetGaps extends Marks {
  /** Names of devices whose gaps are too much to be read. */
  readonly unread: readonly string[];
}
export interface FleetAsked extends Marks {
  /** What was asked before that is not known: there was too much. */
  readonly since: number | undefined;
}

/** The devices that an answer is of; undefined until that is known. */
export function useShownDevices(
  { selector, adevice, by }: FleetQuestion,
  answer: FleetAnswer | undefined,
): ShownDevices | undefined {
  const may = useMay("device:read") && answer !== undefined;
  const adevices = useRead("cpl/ta/adevice/list", { limit: DEVICES_AT_MOST }, { enabled: may && adevice !== "" });
  const saved = adevices.data?.items.find(({ name }) => name === adevice)?.selector;
  const all = { limit: DEVICES_AT_MOST };
  const wanted = useRead("cpl/dm/device/list", { ...all, ...(selector !== "" && { selector }) }, { enabled: may });
  const within = useRead(
    "cpl/dm/device/list",
    { ...all, ...(saved !== undefined && { selector: saved }) },
    { enabled: may && saved !== undefined },
  );
  if (wanted.data === undefined || (adevice !== "" && within.data === undefined)) return undefined;
  const members = adevice === "" ? undefined : new Set(within.data?.items.map(({ id }) => id));
  // Of lines of devices only those that are drawn count.
  const drawn = by.includes("device") ? new Set(answer?.series.map((group) => group.by["device"])) : undefined;
  const devices = wanted.data.items.filter(
    ({ id, name }) => members?.has(id) !== false && (drawn === undefined || drawn.has(name) || drawn.has(id)),
  );
  const isNarrowed = members !== undefined || drawn !== undefined;
  const theirs = [...(drawn ?? [])].filter((name) => name?.includes("/") === true) as readonly string[];
  const own = isNarrowed ? devices.length : (wanted.data.total ?? devices.length);
  const hasMore = drawn === undefined && (answer?.children.length ?? 0) > 0;
  return { devices, theirs, hasMore, total: own + theirs.length, isAll: selector === "" && !isNarrowed };
}

/** When the first of these devices have no samples, whatever the metric. */
export function useFleetGaps(shown: ShownDevices | undefined, range: ChartRange): FleetGaps {
  const theirs = shown?.theirs.map((name) => ({ id: name, name })) ?? [];
  const devices = [...(shown?.devices ?? []), ...theirs].slice(0, GAPS_OF).map(({ id, name }) => ({ id, name }));
  const found = useQuery({
    queryKey: ["gaps of the fleet", devices, range],
    enabled: devices.length > 0,
    placeholderData: keepPreviousData,
    refetchInterval: isLive(range) && (range.last <= HOUR ? LATER : RARELY),
    queryFn: async ({ signal }) => {
      const gaps: FleetMark[] = [];
      const unread: string[] = [];
      for (const { id, name } of devices)
        try {
          const question = { device: id, metric: [], points: 10, ...rangeInput(range) };
          gaps.push(...gapMarks(name, (await call("cpl/ta/history", question, signal)).gaps));
        } catch (error) {
          if (!isRefusal(error, "too-large")) throw error;
          unread.push(name);
        }
      return { gaps, unread };
    },
  });
  const { gaps = [], unread = [] } = found.data ?? {};
  return { marks: gaps, unread, error: found.error, isPending: found.isPending };
}

/** What these devices were asked since an instant. */
export function useFleetAsked(shown: Pick<ShownDevices, "devices" | "isAll"> | undefined, from: number): FleetAsked {
  const may = useMay("job:read");
  const nameOf = useDeviceNames();
  const since = wholeHour(from);
  const devices = shown?.devices ?? [];
  const only = shown?.isAll === false && devices.length === 1 ? devices[0]?.id : undefined;
  const asked = useQuery({
    queryKey: ["asked of the fleet", only, since],
    enabled: may && (shown?.isAll === true || devices.length > 0),
    placeholderData: keepPreviousData,
    refetchInterval: SOON,
    queryFn: async ({ signal }) => {
      const { jobs, isAll } = await jobsSince(only === undefined ? {} : { device: only }, since, signal);
      const rollouts = await call("cpl/dm/rollout/list", { limit: ROLLOUTS_AT_MOST }, signal);
      return { jobs, rollouts: rollouts.items, since: isAll ? undefined : jobs.at(-1)?.createdAt };
    },
  });
  const ids = shown?.isAll === false ? new Set(devices.map(({ id }) => id)) : undefined;
  return {
    error: asked.error,
    isPending: asked.isPending,
    marks: asked.data === undefined ? [] : askedMarks(asked.data, ids, nameOf),
    since: asked.data?.since,
  };
}
