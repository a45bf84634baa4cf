import { handle } from "../../platform/action.ts";
import type { Caller } from "../../platform/caller.ts";
import { moved, updated } from "../../platform/change.ts";
import { pageOfMatches } from "../../platform/pages.ts";
import { Problem } from "../../platform/problem.ts";
import { resolve } from "../../platform/reference.ts";
import type { Store } from "../../platform/store.ts";
import { repeatOnConflict } from "../../platform/repeat.ts";
import { identityOf } from "./certificate-life.ts";
import * as contract from "./contract.ts";
import type { DevicesContext } from "./context.ts";
import { relabelled } from "./enrolment.ts";
import { takeName } from "./names.ts";
import { compileSelector, viewOf } from "./selector-contract.ts";
import { factChanges } from "./tables.ts";

const { device } = contract;
type Signal = "quarantine" | "release" | "retire";

/** Moves a device along its life and gives the row as it then is. */
const move = async (ref: string, signal: Signal, patch: Partial<contract.Device>, { store }: DevicesContext) =>
  repeatOnConflict(async () => {
    const row = await resolve(store, device, ref);
    await store.commit(moved(device, row, signal, patch));
    return resolve(store, device, row.id);
  });

/** Who may change some devices only may not change one into another's: it would be out of reach for good. */
function refuseLeaving(row: contract.Device, caller: Caller, { scopes }: DevicesContext): void {
  if (!scopes.reachOf(caller, contract.labelDevice.permission).coversRow(row))
    throw new Problem("forbidden", `with this the device "${row.name}" would leave the devices that you may change`);
}

/** A name stands for one device wherever a device is named. */
const rename = (ref: string, name: string, context: DevicesContext, caller: Caller): Promise<contract.Device> =>
  repeatOnConflict(async () => {
    const { store } = context;
    const row = await resolve(store, device, ref);
    const named = { name, isNameProposed: false };
    refuseLeaving({ ...row, ...named }, caller, context);
    if (row.name === name) {
      if (row.isNameProposed) await store.commit(updated(device, row, named));
      return resolve(store, device, row.id);
    }
    const taking = await takeName(store, name);
    if (taking === undefined) throw new Problem("conflict", `there is already a device "${name}"; choose another name`);
    await store.commit(updated(device, row, named), taking);
    return resolve(store, device, row.id);
  });

function byDoor(doors: DevicesContext["doors"]): Record<string, Record<string, number>> {
  const counts: Record<string, Record<string, number>> = {};
  for (const { labels, value } of doors?.figure().samples ?? []) {
    const { listener = "", reason = "" } = labels;
    (counts[listener] ??= {})[reason] = value;
  }
  return counts;
}

async function countOf(store: Store, isWanted: (row: contract.Device) => boolean): Promise<number> {
  let total = 0;
  for await (const row of store.scan(device)) if (isWanted(row)) total++;
  return total;
}

/** In a map, because devices choose some of the words, and one may be called "constructor". */
class Counts {
  readonly #counts = new Map<string, number>();

  add(word: string): void {
    this.#counts.set(word, (this.#counts.get(word) ?? 0) + 1);
  }

  all(): Record<string, number> {
    return Object.fromEntries(this.#counts);
  }
}

export const deviceActions = [
  handle(contract.listDevices, async ({ selector, limit = 50, cursor }, { store, scopes }: DevicesContext, caller) => {
    const reach = scopes.reachOf(caller, contract.listDevices.permission);
    const wanted = selector === undefined || selector.trim() === "" ? undefined : compileSelector(selector);
    const isWanted = (row: contract.Device) =>
      reach.coversRow(row) && (wanted === undefined || wanted.matches(viewOf(row)));
    const page = await pageOfMatches(store.walk(device, { index: "name", cursor }), isWanted, limit);
    // Counted once, with the first page: whoever turns pages knows it already.
    if (cursor !== undefined) return page;
    if (page.next === undefined) return { ...page, total: page.items.length };
    return {
      ...page,
      total: await (wanted === undefined && reach.isEverywhere ? store.count(device) : countOf(store, isWanted)),
    };
  }),
  handle(contract.findDevice, async ({ device: ref }, { store }: DevicesContext) => resolve(store, device, ref)),
  handle(contract.updateDevice, async ({ device: ref, name }, context: DevicesContext, caller) =>
    rename(ref, name, context, caller),
  ),
  handle(
    contract.labelDevice,
    async ({ device: ref, set = {}, accept = [], remove = [] }, context: DevicesContext, caller) =>
      repeatOnConflict(async () => {
        const { store } = context;
        const row = await resolve(store, device, ref);
        const labels = relabelled(row, { set, accept, remove });
        refuseLeaving({ ...row, ...labels }, caller, context);
        await store.commit(updated(device, row, labels));
        return resolve(store, device, row.id);
      }),
  ),
  handle(contract.quarantineDevice, async ({ device: ref, reason }, context: DevicesContext, { actor }) =>
    move(ref, "quarantine", { quarantineReason: reason ?? `asked for by ${actor}` }, context),
  ),
  handle(contract.releaseDevice, async ({ device: ref }, context: DevicesContext) => {
    if (identityOf(await resolve(context.store, device, ref)).doubt !== "")
      throw new Problem("conflict", "two hold this identity: split, replace or retire the device");
    const row = await move(ref, "release", { quarantineReason: "" }, context);
    context.link.pardon(row.id);
    context.link.resync(row.id);
    return row;
  }),
  handle(contract.retireDevice, async ({ device: ref }, context: DevicesContext) => {
    const row = await move(ref, "retire", { presence: "offline" }, context);
    context.link.dismiss(row.id, "the device was retired");
    return row;
  }),
  handle(
    contract.inventoryHistory,
    async ({ device: ref, attribute, limit = 50, cursor }, { store }: DevicesContext) => {
      const row = await resolve(store, device, ref);
      const where =
        attribute === undefined
          ? { index: "device", prefix: [row.id] }
          : { index: "attribute", prefix: [row.id, attribute] };
      const page = await store.list(factChanges, { ...where, limit, cursor, reverse: true });
      return { ...page, items: [...page.items] };
    },
  ),
  handle(contract.summariseFleet, async (_, { store, scopes }: DevicesContext, caller) => {
    const reach = scopes.reachOf(caller, contract.summariseFleet.permission);
    const [presence, state, conditions] = [new Counts(), new Counts(), new Counts()];
    const [agentVersion, operatingSystem] = [new Counts(), new Counts()];
    let total = 0;
    for await (const row of store.scan(device)) {
      if (!reach.coversRow(row)) continue;
      total++;
      presence.add(row.presence);
      state.add(row.state);
      if (row.state !== "retired") for (const each of row.conditions ?? []) conditions.add(each);
      agentVersion.add(row.agent.version || "unknown");
      operatingSystem.add([row.inventory["os.name"] ?? "unknown", row.inventory["os.version"] ?? ""].join(" ").trim());
    }
    return {
      total,
      presence: presence.all(),
      state: state.all(),
      conditions: conditions.all(),
      agentVersion: agentVersion.all(),
      operatingSystem: operatingSystem.all(),
    };
  }),
  handle(contract.listSessions, async ({ limit = 50, cursor }, { link, scopes }: DevicesContext, caller) => {
    const reach = scopes.reachOf(caller, contract.listSessions.permission);
    const sessions = [];
    for (const each of link.sessions()) if (await reach.coversId(each.device)) sessions.push(each);
    const after = cursor ?? "";
    const rest = sessions.filter((each) => each.device > after).toSorted((a, b) => (a.device < b.device ? -1 : 1));
    const items = rest.slice(0, limit);
    const last = items.at(-1);
    return { items, total: sessions.length, ...(rest.length > limit && last && { next: last.device }) };
  }),
  handle(contract.countRefusals, async (_, { link, doors }: DevicesContext) => ({
    refusals: link.refusals(),
    doors: byDoor(doors),
  })),
];
