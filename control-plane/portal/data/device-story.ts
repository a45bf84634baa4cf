import type { Output } from "../../src/faces/client.ts";
import { alertLink } from "./alerts.ts";

/** Something that happened to a device. */
export interface Happening {
  readonly at: number;
  readonly what: string;
  /** How it stands now, where it has a life of its own. */
  readonly state?: string;
  readonly detail?: string;
  readonly link?: string;
}

/** What one source tells: the newest of it, or all. */
export interface Told {
  readonly happenings: readonly Happening[];
  readonly isAll: boolean;
}

/** All of them in one order, newest first, as far back as every source tells everything: further down something would be missing. */
export function storyOf(sources: readonly Told[]): Told {
  const oldest = sources
    .filter(({ isAll }) => !isAll)
    .map(({ happenings }) => Math.min(...happenings.map(({ at }) => at)));
  const from = Math.max(0, ...oldest.filter(Number.isFinite));
  const happenings = sources.flatMap((source) => source.happenings).filter(({ at }) => at >= from);
  return { happenings: happenings.sort((one, other) => other.at - one.at), isAll: oldest.length === 0 };
}

export const askedOf = ({ items, next }: Output<"cpl/dm/job/list">): Told => ({
  isAll: next === undefined,
  happenings: items.map(({ id, kind, state, author, createdAt }) => ({
    at: createdAt,
    what: `asked for ${kind}`,
    state,
    detail: `by ${author}`,
    link: `/jobs/${encodeURIComponent(id)}`,
  })),
});

/** Of each policy there is the newest alert: it began, and perhaps it is over. They come in no order of time. */
export const alertsOf = ({ items }: Output<"sa/pe/alert/list">): Told => ({
  isAll: true,
  happenings: items.flatMap((row) => {
    const begun = { what: `alert ${row.policy}`, detail: row.severity, link: alertLink(row) };
    return [
      { ...begun, at: row.since, state: row.state },
      ...(row.endedAt === undefined ? [] : [{ ...begun, at: row.endedAt, what: `end of the alert ${row.policy}` }]),
    ];
  }),
});

type Change = Output<"cpl/dm/device/history">["items"][number];

/** What a device told at one moment is one thing: its first inventory is not thirty. */
export function changesOf({ items, next }: Output<"cpl/dm/device/history">): Told {
  const moments = new Map<number, Change[]>();
  for (const each of items) moments.set(each.at, [...(moments.get(each.at) ?? []), each]);
  return {
    isAll: next === undefined,
    happenings: [...moments].map(([at, changes]) => ({ at, ...toldTogether(changes) })),
  };
}

function toldTogether(changes: readonly Change[]): Pick<Happening, "what" | "detail"> {
  const [only] = changes;
  if (only === undefined || changes.length > 1)
    return { what: `${changes.length} facts changed`, detail: changes.map(({ attribute }) => attribute).join(", ") };
  const { attribute, before = "absent", after = "absent" } = only;
  return { what: `${attribute} changed`, detail: `from ${before} to ${after}` };
}

export const notesOf = ({ items, next }: Output<"cpl/dm/device/events">): Told => ({
  isAll: next === undefined,
  happenings: items.map(({ at, name, detail }) => ({ at, what: `agent: ${name}`, detail })),
});

/** Its coming and going, as far back as events are kept. */
export const logOf = ({ events }: Output<"ia/event/list">, limit: number): Told => ({
  isAll: events.length < limit,
  happenings: events.map(({ at, type }) => ({ at, what: type })),
});
