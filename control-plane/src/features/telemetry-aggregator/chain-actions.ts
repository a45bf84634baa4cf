import { handle } from "../../platform/action.ts";
import { created, destroyed, moved, removed, replaced, updated, type Change } from "../../platform/change.ts";
import { Problem } from "../../platform/problem.ts";
import { resolve } from "../../platform/reference.ts";
import { repeatOnConflict } from "../../platform/repeat.ts";
import type { Store } from "../../platform/store.ts";
import * as contract from "./chain-contract.ts";
import {
  chainedDevices,
  chainedHours,
  childStandings,
  nothingHeard,
  parentStandings,
  reportMarks,
  type ChildStanding,
} from "./chain-tables.ts";
import { whoCounts } from "./chained-devices.ts";
import { Taking } from "./chain-taking.ts";
import type { TelemetryContext } from "./context.ts";
import { groupsWithWindows } from "./group-making.ts";

const { child } = contract;
type Child = contract.Child;

/** Origins that may not be told of and are remembered, so that an operator sees what to declare. */
const UNDECLARED_AT_MOST = 20;

/** Throws Problem conflict when a name, a token or an origin is another child's: a token speaks for one, and an origin comes by one way. */
async function refuseTaken(
  store: Store,
  { id, name, reporter, origins }: Pick<Child, "id" | "name" | "reporter" | "origins">,
): Promise<void> {
  for await (const other of store.scan(child)) {
    if (other.id === id) continue;
    if (other.name === name) throw new Problem("conflict", `there is a child "${name}" already; choose another name`);
    if (other.reporter === reporter)
      throw new Problem(
        "conflict",
        `the token ${reporter} is shown by the child "${other.name}"; give this one its own`,
      );
    const shared = origins.find((each) => other.origins.includes(each));
    if (shared !== undefined)
      throw new Problem(
        "conflict",
        `the origin ${shared} comes by the child "${other.name}"; take it away there first: by two ways it would count twice`,
      );
  }
}

async function shown(store: Store, row: Child) {
  const { id, name, state, reporter, origins, devicesAtMost, createdAt } = row;
  const standing = (await store.get(childStandings, id)) ?? nothingHeard(id);
  const { position, heardAt, knownUpTo, waiting, taken, repeated, refused, undeclared, lost, lostUpTo } = standing;
  return {
    id,
    name,
    state,
    reporter,
    origins: [...origins],
    devicesAtMost,
    createdAt,
    position,
    waiting,
    taken,
    repeated,
    lost,
    undeclared: [...undeclared],
    ...(heardAt !== undefined && { heardAt }),
    ...(knownUpTo !== undefined && { knownUpTo }),
    ...(lostUpTo !== undefined && { lostUpTo }),
    devices: await store.count(chainedDevices, { index: "child", prefix: [id] }),
    refused: counted(refused),
  };
}

const counted = (refused: ChildStanding["refused"]) =>
  Object.entries(refused).map(([reason, hours]) => ({ reason, hours }));

export const chainActions = [
  handle(
    contract.createChild,
    async (
      { name, reporter, origins, devicesAtMost = 1_000 },
      { store, newId, telemetry }: TelemetryContext,
      { actor },
    ) => {
      const id = newId();
      refuseOwn(origins, telemetry.chain?.origin);
      await refuseTaken(store, { id, name, reporter, origins });
      await store.commit(created(child, id, { name, reporter, origins, devicesAtMost, author: actor }));
      return resolve(store, child, id);
    },
  ),
  handle(contract.updateChild, async ({ child: ref, ...patch }, { store, telemetry }: TelemetryContext) =>
    repeatOnConflict(async () => {
      const row = await resolve(store, child, ref);
      const { reporter = row.reporter, origins = row.origins, devicesAtMost = row.devicesAtMost } = patch;
      refuseOwn(origins, telemetry.chain?.origin);
      await refuseTaken(store, { id: row.id, name: row.name, reporter, origins });
      await store.commit(updated(child, row, { reporter, origins, devicesAtMost }));
      return resolve(store, child, row.id);
    }),
  ),
  handle(contract.destroyChild, async ({ child: ref }, { store }: TelemetryContext) =>
    repeatOnConflict(async () => {
      const row = await resolve(store, child, ref);
      await store.commit(destroyed(child, row), removed(childStandings, row.id));
      return row;
    }),
  ),
  handle(contract.findChild, async ({ child: ref }, { store }: TelemetryContext) =>
    shown(store, await resolve(store, child, ref)),
  ),
  handle(contract.listChildren, async ({ limit = 50, cursor }, { store }: TelemetryContext) => {
    const page = await store.list(child, { limit, cursor });
    return { ...page, items: await Promise.all(page.items.map((row) => shown(store, row))) };
  }),
  handle(contract.listChildDevices, async ({ child: ref, limit = 50, cursor }, { store }: TelemetryContext) => {
    const { id } = await resolve(store, child, ref);
    const page = await store.list(chainedDevices, { index: "child", prefix: [id], limit, cursor });
    const holderOf = await whoCounts(store);
    const items = await Promise.all(
      page.items.map(async (row) => {
        const { id: device, name, labels, newestHour } = row;
        return { id: device, name, labels: { ...labels }, newestHour, countsAs: await holderOf(row) };
      }),
    );
    return { ...page, items };
  }),
  handle(contract.listChildGaps, async ({ child: ref, limit = 50, cursor }, { store }: TelemetryContext) => {
    const { id } = await resolve(store, child, ref);
    const hours = await store.list(chainedHours, { index: "gaps", prefix: [id], reverse: true, limit, cursor });
    const items = await Promise.all(
      hours.items.map(async ({ device, gaps }) => {
        const { name = "" } = (await store.get(chainedDevices, device)) ?? {};
        return gaps.map((gap) => ({ device, name, ...gap }));
      }),
    );
    return { ...hours, items: items.flat() };
  }),
  handle(contract.reportWindows, async (report, context: TelemetryContext, { actor }) => {
    const { store, clock, telemetry } = context;
    const { windows } = telemetry;
    if (windows === undefined)
      throw new Problem("unavailable", "this control plane makes no windows, so it takes none: --windows-every is off");
    return repeatOnConflict(async () => {
      const row = await childOf(store, actor);
      const standing = (await store.get(childStandings, row.id)) ?? nothingHeard(row.id);
      if (report.after !== standing.position) return { position: standing.position, isTaken: false, refused: [] };
      const taking = new Taking(row, {
        store,
        telemetry,
        groups: await groupsWithWindows(store),
        now: clock.now(),
        keep: windows.keepMinutes,
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
        ...(lostUpTo !== undefined && { lostUpTo }),
      };
      await store.commit(...taking.changes, ...heard(row), replaced(childStandings, after, standing.version));
      return { position, isTaken: true, refused: counted(refused) };
    });
  }),
  handle(contract.findParent, async (_, { store, telemetry }: TelemetryContext) => {
    const { reason, lost, reportedAt } = (await store.get(parentStandings, "parent")) ?? { reason: "", lost: 0 };
    const { origin = "", parent } = telemetry.chain ?? {};
    const waiting = parent === undefined ? 0 : await store.count(reportMarks);
    return {
      origin,
      parent: parent?.url ?? "",
      reason,
      waiting,
      lost,
      ...(reportedAt !== undefined && { reportedAt }),
    };
  }),
];

/** Throws Problem forbidden for a token that no child shows. */
async function childOf(store: Store, actor: string): Promise<Child> {
  for await (const row of store.scan(child)) if (actor === `token:${row.reporter}`) return row;
  throw new Problem(
    "forbidden",
    `${actor} speaks for no child: declare one with cpl/ta/child/create and the id of its token`,
  );
}

const heard = (row: Child): readonly Change[] => (row.state === "reporting" ? [] : [moved(child, row, "hear")]);

function refuseOwn(origins: readonly string[], own: string | undefined): void {
  if (own !== undefined && origins.includes(own))
    throw new Problem("invalid-input", `the origin ${own} is this control plane itself`);
}

function sum(before: ChildStanding["refused"], more: Readonly<Record<string, number>>): ChildStanding["refused"] {
  const all: Record<string, number> = { ...before };
  for (const [reason, hours] of Object.entries(more)) all[reason] = (all[reason] ?? 0) + hours;
  return all;
}
