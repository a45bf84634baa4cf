import { handle } from "../../platform/action.ts";
import { created, destroyed, removed, updated } from "../../platform/change.ts";
import { pageOf } from "../../platform/pages.ts";
import { Problem } from "../../platform/problem.ts";
import { resolve } from "../../platform/reference.ts";
import { repeatOnConflict } from "../../platform/repeat.ts";
import type { Store } from "../../platform/store.ts";
import * as contract from "./chain-contract.ts";
import { hearingActions } from "./chain-hearing.ts";
import { roomAtMost } from "./chain-room.ts";
import {
  byReason,
  chainedDevices,
  chainedHours,
  childStandings,
  nothingHeard,
  parentStandings,
  reportMarks,
} from "./chain-tables.ts";
import { whoCounts } from "./chained-devices.ts";
import type { TelemetryContext } from "./context.ts";

const { child } = contract;
type Child = contract.Child;

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

async function shown({ store, telemetry }: TelemetryContext, row: Child) {
  const { id, name, state, reporter, origins, devicesAtMost, createdAt } = row;
  const standing = (await store.get(childStandings, id)) ?? nothingHeard(id);
  const { position, heardAt, knownUpTo, waiting, taken, repeated, refused, undeclared, lost, lostUpTo } = standing;
  const { bytes = 0, fullSince: since } = standing;
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
    bytes,
    bytesAtMost: roomAtMost(row, telemetry),
    ...(since !== undefined && { fullSince: since }),
    devices: await store.count(chainedDevices, { index: "child", prefix: [id] }),
    refused: byReason(refused),
  };
}

export const chainActions = [
  ...hearingActions,
  handle(
    contract.createChild,
    async (
      { name, reporter, origins, devicesAtMost = 1_000, bytesAtMost },
      { store, newId, telemetry }: TelemetryContext,
      { actor },
    ) => {
      const id = newId();
      refuseOwn(origins, telemetry.chain?.origin);
      await refuseTaken(store, { id, name, reporter, origins });
      const granted = { devicesAtMost, ...(bytesAtMost !== undefined && { bytesAtMost }) };
      await store.commit(created(child, id, { name, reporter, origins, ...granted, author: actor }));
      return resolve(store, child, id);
    },
  ),
  handle(contract.updateChild, async ({ child: ref, ...patch }, { store, telemetry }: TelemetryContext) =>
    repeatOnConflict(async () => {
      const row = await resolve(store, child, ref);
      const { reporter = row.reporter, origins = row.origins } = patch;
      refuseOwn(origins, telemetry.chain?.origin);
      await refuseTaken(store, { id: row.id, name: row.name, reporter, origins });
      await store.commit(updated(child, row, patch));
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
  handle(contract.findChild, async ({ child: ref }, context: TelemetryContext) =>
    shown(context, await resolve(context.store, child, ref)),
  ),
  handle(contract.listChildren, async ({ state: states, limit = 50, cursor }, context: TelemetryContext) => {
    const page = await pageOf(context.store, child, { states, limit, cursor });
    return { ...page, items: await Promise.all(page.items.map((row) => shown(context, row))) };
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

function refuseOwn(origins: readonly string[], own: string | undefined): void {
  if (own !== undefined && origins.includes(own))
    throw new Problem("invalid-input", `the origin ${own} is this control plane itself`);
}
