import { handle } from "../../platform/action.ts";
import { moved, replaced, telling, type Change } from "../../platform/change.ts";
import { Problem } from "../../platform/problem.ts";
import { repeatOnConflict } from "../../platform/repeat.ts";
import type { Store } from "../../platform/store.ts";
import { child, reportWindows, type Child } from "./chain-contract.ts";
import { fullSince, roomAtMost, usedAfter } from "./chain-room.ts";
import { byReason, chainedDevices, childStandings, nothingHeard, type ChildStanding } from "./chain-tables.ts";
import { Taking } from "./chain-taking.ts";
import type { TelemetryContext } from "./context.ts";
import { groupsWithWindows } from "./group-making.ts";

/** Origins that may not be told of and are remembered, so that an operator sees what to declare. */
const UNDECLARED_AT_MOST = 20;
/** So many times as long as a report took, its child is not heard: who tells without end takes no more than a quarter of the time. */
const REST = 3;

export const hearingActions = [
  handle(reportWindows, async (report, context: TelemetryContext, { actor }) => {
    const { store, clock, log, telemetry } = context;
    const { windows } = telemetry;
    if (windows === undefined)
      throw new Problem("unavailable", "this control plane makes no windows, so it takes none: --windows-every is off");
    const hear = async () => {
      const row = await childOf(store, actor);
      const standings = await standingsOf(store);
      const standing = standings.get(row.id) ?? nothingHeard(row.id);
      if (report.after !== standing.position) return { position: standing.position, isTaken: false, refused: [] };
      const atMost = roomAtMost(row, telemetry);
      const taking = new Taking(row, {
        store,
        telemetry,
        groups: await groupsWithWindows(store),
        now: clock.now(),
        keep: windows.keepMinutes,
        used: standing.bytes ?? 0,
        atMost,
        devices: await store.count(chainedDevices, { index: "child", prefix: [row.id] }),
      });
      const refused: Record<string, number> = {};
      const undeclared = new Set<string>();
      let [taken, repeated] = [0, 0];
      for (const each of report.reports) {
        const verdict = await taking.take(each);
        if (verdict === "taken") taken++;
        else if (verdict === "repeated") repeated++;
        else refused[verdict] = (refused[verdict] ?? 0) + 1;
        if (verdict === "undeclared-origin") undeclared.add(each.origin);
      }
      const { position, knownUpTo, waiting, lost, lostUpTo } = report;
      const used = usedAfter(standing, taking.counting);
      const isRefused = refused["no-room"] !== undefined;
      const after: ChildStanding = {
        ...standing,
        version: standing.version + 1,
        position,
        heardAt: clock.now(),
        // Nobody knows what is still to be measured.
        knownUpTo: Math.min(clock.now(), knownUpTo ?? standing.knownUpTo ?? 0) || undefined,
        waiting,
        taken: standing.taken + taken,
        repeated: standing.repeated + repeated,
        refused: sum(standing.refused, refused),
        undeclared: [...undeclared, ...standing.undeclared.filter((each) => !undeclared.has(each))].slice(
          0,
          UNDECLARED_AT_MOST,
        ),
        lost,
        bytes: used,
        fullSince: fullSince(standing.fullSince, { used, atMost, isRefused, now: clock.now() }),
        ...(lostUpTo !== undefined && { lostUpTo }),
      };
      standings.delete(row.id);
      await store.commit(
        ...taking.changes,
        ...heard(row),
        ...taking.counting.changes(standings.values()),
        stood(row, after, standing, atMost),
      );
      if (isNews(after, standing)) log.warn("a child has no room", { child: row.id, name: row.name, used, atMost });
      return { position, isTaken: true, refused: byReason(refused) };
    };
    return inTurn(actor, context, () => repeatOnConflict(hear));
  }),
];

/** Its answer waits for no rest; its next report does. */
const inTurn = <T>(actor: string, { turns, clock }: TelemetryContext, hear: () => Promise<T>): Promise<T> => {
  const line = `reports by ${actor}`;
  return turns.take(line, async () => {
    const since = clock.monotonic();
    try {
      return await hear();
    } finally {
      const took = clock.monotonic() - since;
      if (took > 0) void turns.take(line, () => clock.sleep(REST * took));
    }
  });
};

/** Throws Problem forbidden for a token that no child shows. */
async function childOf(store: Store, actor: string): Promise<Child> {
  for await (const row of store.scan(child)) if (actor === `token:${row.reporter}`) return row;
  throw new Problem(
    "forbidden",
    `${actor} speaks for no child: declare one with cpl/ta/child/create and the id of its token`,
  );
}

const heard = (row: Child): readonly Change[] => (row.state === "reporting" ? [] : [moved(child, row, "hear")]);

async function standingsOf(store: Store): Promise<Map<string, ChildStanding>> {
  const all = new Map<string, ChildStanding>();
  for await (const each of store.scan(childStandings)) all.set(each.id, each);
  return all;
}

const isNews = (after: ChildStanding, before: ChildStanding): boolean =>
  after.fullSince !== undefined && before.fullSince === undefined;

/** Where it stands now; that it is full is told when it became so. */
function stood(row: Child, after: ChildStanding, before: ChildStanding, bytesAtMost: number): Change {
  if (!isNews(after, before)) return replaced(childStandings, after, before.version);
  const more = { room: { bytes: after.bytes ?? 0, bytesAtMost } };
  return telling({ resource: child, row, more, news: "full" }, childStandings, after, before.version);
}

function sum(before: ChildStanding["refused"], more: Readonly<Record<string, number>>): ChildStanding["refused"] {
  const all: Record<string, number> = { ...before };
  for (const [reason, hours] of Object.entries(more)) all[reason] = (all[reason] ?? 0) + hours;
  return all;
}
