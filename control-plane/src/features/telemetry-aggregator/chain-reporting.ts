import { MINUTE, pauseBefore, SECOND, type Loop } from "@edgemere/protocol/kit";
import type { InputOf } from "../../platform/action.ts";
import { appended, put, putBytes, removed, type Change } from "../../platform/change.ts";
import { keyOf, partsOf, rangeOf } from "../../platform/keys.ts";
import type { Store } from "../../platform/store.ts";
import type { reportWindows, ReportedHour } from "./chain-contract.ts";
import { isTooOld, reportOf } from "./chain-making.ts";
import {
  chainedId,
  parentStandings,
  reportMarks,
  REPORTS,
  type ParentStanding,
  type ReportMark,
} from "./chain-tables.ts";
import type { Parent, TelemetryContext } from "./context.ts";
import { hourId } from "./window-tables.ts";

/** Hours that are taken up together. */
const MARKS = 50;
/** Requests of one look, and how often it is looked: an outage of a month is told of in hours, and nobody is flooded. */
const REQUESTS = 25;
const EVERY = 5 * SECOND;
/** Characters of one request: less than a face takes. */
const ROOM = 600_000;
const BACKOFF = { first: 2 * SECOND, longest: 2 * MINUTE };
const LONGEST_WISH = 10 * MINUTE;
const REASON_LENGTH = 200;
/** Marks and entries of the log that one step removes. */
const REMOVED_AT_ONCE = 1_000;

const FORGOTTEN_EVERY = 10 * MINUTE;
/** Nothing is said for so long at most: whom a parent does not hear for ten minutes it takes for silent. */
const SAID_EVERY = 5 * MINUTE;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The hours that are to be reported because something about them changed; none where there is no parent. */
export const toBeReported = (
  { chain }: TelemetryContext["telemetry"],
  device: string,
  hours: Iterable<number>,
  origin?: string,
): readonly Change[] =>
  chain?.parent === undefined
    ? []
    : [...hours].map((hour) =>
        put(reportMarks, {
          id: hourId(hour, chainedId(origin ?? "", device)),
          device,
          hour,
          ...(origin && { origin }),
        }),
      );

/** Where a parent stands: in which life of this control plane, behind which entry of the log and how many of its hours. */
interface Position {
  readonly generation: number;
  readonly at: number;
  readonly place: number;
  readonly told: number;
}
const positionText = ({ generation, at, place, told }: Position): string => `${generation}.${at}.${place}.${told}`;
function positionOf(text: string, generation: number): Position | undefined {
  const [, of, at, place, told] = /^(\d{1,9})\.(\d{1,16})\.(\d{1,9})\.(\d{1,4})$/.exec(text)?.map(Number) ?? [];
  // What it took of the life before a restore tells nothing of where this log goes on.
  return of === generation ? { generation, at: at ?? 0, place: place ?? 0, told: told ?? 0 } : undefined;
}

/** Of later words the greater: after a restore from a backup those of the new life. */
const versionOf = ({ generation, at, place }: Omit<Position, "told">): string =>
  [String(generation).padStart(6, "0"), String(at).padStart(16, "0"), String(place).padStart(8, "0")].join(".");

interface Entry extends Position {
  readonly marks: readonly ReportMark[];
}
type Request = InputOf<typeof reportWindows>;
type Answered = { readonly position: string; readonly isTaken: boolean; readonly refused: readonly object[] };

/**
 * Reports to the parent what changed, each hour as a whole and as it is known then. Marks are taken up in a commit that writes them into a log, and the
 * parent keeps in one commit with what it took how far it is in that log: so a restart of either goes on there, and a parent that was restored asks again.
 */
function reportToParent(context: TelemetryContext, origin: string, parent: Parent): Loop {
  const { store, clock, log, random, generation, telemetry } = context;
  let failures = 0;
  let notBefore = -Infinity;
  let where: string | undefined;
  /** From the newest marks to the oldest: what is marked meanwhile waits for the next time. */
  let sweep: { readonly begunAt: number; readonly cursor?: string | undefined; readonly isOver: boolean } | undefined;
  let nextSweepAt = -Infinity;
  let nextForgettingAt = -Infinity;
  let saidAt = -Infinity;
  let waiting = 0;

  const postpone = async (reason: string, retryAfter = 0): Promise<undefined> => {
    const pause = pauseBefore(failures++, BACKOFF, random);
    notBefore = clock.monotonic() + Math.max(pause, Math.min(retryAfter, LONGEST_WISH));
    const known = await standingOf(store);
    if (known.reason === "") {
      log.warn("the parent takes no reports", { parent: parent.url, reason });
      await store.commit(put(parentStandings, { ...known, reason }));
    }
    return undefined;
  };

  const send = async (request: Omit<Request, "waiting" | "lost" | "lostUpTo">): Promise<Answered | undefined> => {
    const known = await standingOf(store);
    const { lost, lostUpTo } = known;
    const whole: Request = { ...request, waiting, lost, ...(lostUpTo !== undefined && { lostUpTo }) };
    const answer = await parent.post({
      body: encoder.encode(JSON.stringify(whole)),
      headers: { "content-type": "application/json" },
    });
    if (answer.isGivenUp === true) return undefined;
    const said = answer.status === 200 ? answeredIn(answer.text) : undefined;
    if (said === undefined)
      return postpone(`${answer.status}: ${answer.text}`.slice(0, REASON_LENGTH), answer.retryAfter);
    failures = 0;
    saidAt = clock.monotonic();
    where = said.position;
    if (said.refused.length > 0) log.warn("the parent refuses reports", { parent: parent.url, refused: said.refused });
    await store.commit(put(parentStandings, { ...known, reason: "", reportedAt: clock.now() }));
    return said;
  };

  const nextEntry = async (position: Position | undefined): Promise<Entry | undefined> => {
    const { gte, lt } = rangeOf(REPORTS);
    const from = position === undefined ? gte : keyOf(REPORTS, position.at, position.place);
    for await (const [key, bytes] of store.bytesBetween({ gte: from, lt, limit: 2 })) {
      const [, at, place] = partsOf(key) as [string, number, number];
      const marks = JSON.parse(decoder.decode(bytes)) as readonly ReportMark[];
      const told = position?.at === at && position.place === place ? position.told : 0;
      if (told < marks.length) return { generation: generation(), at, place, told, marks };
    }
    return undefined;
  };

  /** Writes the next marks of a sweep into the log; false when it is over. */
  const takeUp = async (): Promise<boolean> => {
    if (sweep === undefined) {
      if (clock.now() < nextSweepAt) return false;
      sweep = { begunAt: clock.now(), isOver: false };
      waiting = await store.count(reportMarks);
    }
    if (sweep.isOver) return false;
    const { items, next } = await store.list(reportMarks, { reverse: true, limit: MARKS, cursor: sweep.cursor });
    sweep = { ...sweep, cursor: next, isOver: next === undefined };
    if (items.length === 0) return false;
    // One that is to begin is marked because of what came just before it.
    const due = items.filter(({ hour }) => hour <= clock.now());
    const old = due.filter(({ hour }) => isTooOld(hour, clock.now() - telemetry.retention));
    const told = due.filter((each) => !old.includes(each));
    await store.commit(
      ...due.map(({ id }) => removed(reportMarks, id)),
      ...(told.length > 0 ? [appended(REPORTS, encoder.encode(JSON.stringify(told)))] : []),
      ...lostAfter(await standingOf(store), old),
    );
    waiting = Math.max(0, waiting - due.length);
    return true;
  };

  /** As much of an entry as one request holds. */
  const tell = async (entry: Entry, after: string): Promise<Answered | undefined> => {
    const reports: ReportedHour[] = [];
    let [room, told] = [ROOM, entry.told];
    for (const mark of entry.marks.slice(entry.told)) {
      const place = { store, origin, metrics: parent.metrics, retention: telemetry.retention, now: clock.now() };
      const report = await reportOf(mark, versionOf(entry), place);
      room -= (report?.windows.length ?? 0) + JSON.stringify(report?.labels ?? {}).length;
      if (room < 0 && reports.length > 0) break;
      told++;
      if (report !== undefined) reports.push(report);
    }
    return send({ after, position: positionText({ ...entry, told }), reports });
  };

  const next = async (): Promise<boolean> => {
    // Where the parent stands it knows itself, also after it was restored.
    if (where === undefined) return (await send({ after: "", position: "", reports: [] })) !== undefined;
    const position = positionOf(where, generation());
    const entry = await nextEntry(position);
    if (entry !== undefined) return (await tell(entry, where)) !== undefined;
    if (await takeUp()) return true;
    if (sweep?.isOver !== true) {
      if (clock.monotonic() - saidAt >= SAID_EVERY) await send({ after: where, position: where, reports: [] });
      return false;
    }
    const { begunAt } = sweep;
    sweep = undefined;
    nextSweepAt = begunAt + parent.every;
    await send({ after: where, position: where, reports: [], knownUpTo: begunAt });
    return false;
  };

  return {
    name: "report to the parent",
    every: EVERY,
    onError: (error) => log.error("loop failed", { loop: "report to the parent", error }),
    // One after the other: how reporting fares is one row.
    step: async () => {
      if (clock.now() >= nextForgettingAt && (await forgetReports(context)))
        nextForgettingAt = clock.now() + FORGOTTEN_EVERY;
      for (let request = 0; request < REQUESTS; request++)
        if (clock.monotonic() < notBefore || !(await next())) return "settled";
      return "settled";
    },
  };
}

/** Undefined where it is not what a parent says: something else answers there. */
function answeredIn(text: string): Answered | undefined {
  let said: Partial<Answered>;
  try {
    said = JSON.parse(text) as Partial<Answered>;
  } catch {
    return undefined;
  }
  const { position, isTaken, refused } = said;
  return typeof position === "string" && typeof isTaken === "boolean" && Array.isArray(refused)
    ? { position, isTaken, refused }
    : undefined;
}

const standingOf = async (store: Store): Promise<ParentStanding> =>
  (await store.get(parentStandings, "parent")) ?? { id: "parent", reason: "", lost: 0 };

/** That these hours are reported no more. */
function lostAfter(known: ParentStanding, marks: readonly ReportMark[]): readonly Change[] {
  if (marks.length === 0) return [];
  const lostUpTo = Math.max(known.lostUpTo ?? 0, ...marks.map(({ hour }) => hour));
  return [put(parentStandings, { ...known, lost: known.lost + marks.length, lostUpTo })];
}

/** None where there is no parent. */
export const loopsOfReporting = (context: TelemetryContext): readonly Loop[] => {
  const { origin, parent } = context.telemetry.chain ?? {};
  return origin === undefined || parent === undefined ? [] : [reportToParent(context, origin, parent)];
};

/** Removes marks of hours that cannot be reported any more, and counts them; and what of the log is older than samples are kept. False when there is more. */
async function forgetReports({ store, clock, telemetry }: TelemetryContext): Promise<boolean> {
  const before = clock.now() - telemetry.retention;
  const old: ReportMark[] = [];
  for await (const mark of store.scan(reportMarks, { limit: REMOVED_AT_ONCE }))
    if (isTooOld(mark.hour, before)) old.push(mark);
    else break;
  const keys: string[] = [];
  const range = { gte: rangeOf(REPORTS).gte, lt: keyOf(REPORTS, before), limit: REMOVED_AT_ONCE };
  for await (const [key] of store.bytesBetween(range)) keys.push(key);
  await store.commit(
    ...old.map(({ id }) => removed(reportMarks, id)),
    ...keys.map((key) => putBytes(key, undefined)),
    ...lostAfter(await standingOf(store), old),
  );
  return old.length + keys.length < REMOVED_AT_ONCE;
}
