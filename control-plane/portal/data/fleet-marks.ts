import type { Output } from "../../src/faces/client.ts";
import type { Interval } from "./chart-range.ts";
import type { Happening } from "./device-story.ts";
import { counted, duration } from "./format.ts";
import { explainGap, SILENCE } from "./gaps.ts";
import { visible } from "./hostile-text.ts";
import { momentText } from "./moment.ts";
import type { History } from "./samples.ts";

type Job = Output<"cpl/dm/job/list">["items"][number];
type Rollout = Output<"cpl/dm/rollout/list">["items"][number];

/** Something that happened to one or some of many devices: a gap, a command, the beginning of a wave. */
export interface FleetMark extends Interval {
  readonly what: string;
  /** The device that it happened to; of a wave how many there are. */
  readonly on: string;
  readonly state?: string;
  readonly link?: string;
}

/** What stands in one place of a time line. */
export interface JoinedMarks extends Interval {
  /** At least one, the earliest first. */
  readonly marks: readonly FleetMark[];
}

/** A time line has so many places: more would lie on top of each other. */
export const PLACES = 32;
/** What the name of a mark tells one by one. */
const TOLD = 3;

/**
 * What a range shows, with what lies close together as one: never more than PLACES and one. The places stand still while a live range
 * goes on, so that nothing joins and parts as one looks.
 */
export function joinedMarks(marks: readonly FleetMark[], { from, to }: Interval): readonly JoinedMarks[] {
  const width = Math.max(1, (to - from) / PLACES);
  const places = new Map<number, FleetMark[]>();
  for (const mark of marks.toSorted((one, other) => one.from - other.from)) {
    if (mark.from > to || mark.to < from) continue;
    const place = Math.floor(Math.max(mark.from, from) / width);
    const there = places.get(place);
    if (there === undefined) places.set(place, [mark]);
    else there.push(mark);
  }
  return [...places.values()].map((joined) => ({
    marks: joined,
    from: Math.min(...joined.map((each) => each.from)),
    to: joined.reduce((end, each) => Math.max(end, each.to), 0),
  }));
}

/** Times of which a device has no samples. */
export const gapMarks = (name: string, gaps: History["gaps"]): readonly FleetMark[] =>
  gaps.map(({ from, to, reason }) => ({ from, to, what: reason, on: name }));

export const isLost = ({ what }: FleetMark): boolean => what !== SILENCE;

/** What was asked of the devices that are shown, all when undefined; waves stand for what a rollout asked. */
export function askedMarks(
  { jobs, rollouts }: { readonly jobs: readonly Job[]; readonly rollouts: readonly Rollout[] },
  shown: ReadonlySet<string> | undefined,
  nameOf: (device: string) => string,
): readonly FleetMark[] {
  const own = jobs.filter(({ devices }) => shown === undefined || devices.some((each) => shown.has(each)));
  const touching = new Set(own.map(({ rollout }) => rollout));
  return [
    ...own
      .filter(({ rollout }) => rollout === undefined)
      .map(({ id, kind, devices, state, createdAt }) => ({
        ...instant(createdAt),
        what: kind,
        on: devices.length === 1 ? nameOf(devices[0] ?? "") : counted(devices.length, "device"),
        state,
        link: `/jobs/${encodeURIComponent(id)}`,
      })),
    ...rollouts
      .filter(({ id }) => shown === undefined || touching.has(id))
      .flatMap(({ id, kind, state, waves }) =>
        waves.flatMap(({ openedAt, targets }, place) =>
          openedAt === undefined
            ? []
            : {
                ...instant(openedAt),
                what: `wave ${place + 1} of ${kind}`,
                on: counted(targets, "device"),
                state,
                link: `/rollouts/${encodeURIComponent(id)}`,
              },
        ),
      ),
  ];
}

const instant = (at: number): Interval => ({ from: at, to: at });

/** What a mark says to those who point at it, or do not see it. */
export function gapsText({ marks, from, to }: JoinedMarks, isUtc: boolean): string {
  const reasons = [...new Set(marks.map(({ what }) => what))].map((each) => visible(explainGap(each)));
  const devices = [...new Set(marks.map(({ on }) => on))];
  const times = marks.length === 1 ? "" : `, ${counted(marks.length, "time")}`;
  return `Not recorded of ${listed(devices)}${times}: ${listed(reasons, "; ")}; ${momentText(from, isUtc)}, ${duration(to - from)}`;
}

export function askedText({ marks, from }: JoinedMarks, isUtc: boolean): string {
  const each = marks.map(({ what, on, state }) => `${what} on ${on}${state === undefined ? "" : `: ${state}`}`);
  const count = marks.length === 1 ? "" : `${marks.length} commands: `;
  return `${count}${listed(each, "; ")}; asked ${momentText(from, isUtc)}`;
}

const listed = (words: readonly string[], between = ", ") =>
  [...words.slice(0, TOLD).map(visible), ...(words.length > TOLD ? [`${words.length - TOLD} more`] : [])].join(between);

/** The same in rows, newest first. */
export const happeningsOf = (
  gaps: readonly FleetMark[],
  asked: readonly FleetMark[],
  { from, to }: Interval,
): readonly Happening[] =>
  [
    ...gaps.map((each) => ({
      at: each.from,
      what: `not recorded of ${each.on}`,
      detail: `for ${duration(each.to - each.from)}: ${explainGap(each.what)}`,
      end: each.to,
    })),
    ...asked.map(({ what, on, link, state, ...each }) => ({
      at: each.from,
      what: `${what} on ${on}`,
      ...(state !== undefined && { state }),
      ...(link !== undefined && { link }),
      end: each.to,
    })),
  ]
    .filter(({ at, end }) => at <= to && end >= from)
    .map(({ end: _, ...each }) => each)
    .sort((one, other) => other.at - one.at);
