import { noneIfUnknown, resolve, severalOf } from "../../platform/reference.ts";
import type { Store } from "../../platform/store.ts";
import { device, type Device } from "../devices/contract.ts";
import { child, type Child } from "./chain-contract.ts";
import { chainedDevices, childStandings, type ChainedDevice } from "./chain-tables.ts";

/** A device of a child as selectors see it: by its name and its labels, and by the label `child`, which this control plane gives it. */
export interface Seen {
  readonly row: ChainedDevice;
  /** Like no other device's: names are given at each control plane, and hold no slash. */
  readonly shownName: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly view: Record<string, unknown>;
}

/** What a child says of a device, as a selector may ask for it. Whether it is online is not known here. */
export function viewOfChained({ id, name, labels: said }: ChainedDevice, { name: via }: Pick<Child, "name">) {
  // The child's own word for it must not stand for another child.
  const labels = { ...said, child: via };
  const unknown = { presence: "", inventory: {}, agent_version: "", capabilities: [], conditions: [] };
  return { labels, view: { id, name, state: "active", labels, ...unknown } };
}

/** The host of a device of this control plane, while it is one. */
export const hostOf = ({ machineId, state }: Pick<Device, "machineId" | "state">): string =>
  state === "retired" ? "" : machineId;

/**
 * The devices of children, each host once: the host of a device of this control plane counts as that one, and of a host that several tell
 * of the child that was created first counts, then the lesser id. So it does not matter which report came first. `own` are the hosts of this one's.
 */
export async function* countedDevices(store: Store, own: ReadonlySet<string>): AsyncGenerator<Seen> {
  const taken = new Set<string>();
  const names = new Set<string>();
  for await (const { via, row } of devicesOfChildren(store)) {
    if (row.machine !== "") {
      if (taken.has(row.machine) || own.has(row.machine)) continue;
      taken.add(row.machine);
    }
    const name = `${via.name}/${row.name}`;
    const shownName = names.has(name) ? `${name}/${row.id}` : name;
    names.add(name);
    yield { row, shownName, ...viewOfChained(row, via) };
  }
}

/** A device of a child by its id (origin and id there), or as `child/name`; undefined where there is none. Both hold a slash, which no device of this control plane does. */
export async function chainedDeviceOf(store: Store, ref: string): Promise<ChainedDevice | undefined> {
  const slash = ref.indexOf("/");
  if (slash === -1) return undefined;
  const byId = await store.get(chainedDevices, ref);
  // What a child told goes some time after it.
  if (byId !== undefined) return (await store.get(child, byId.child)) && byId;
  const via = await resolve(store, child, ref.slice(0, slash)).catch(noneIfUnknown);
  if (via === undefined) return undefined;
  const name = ref.slice(slash + 1);
  const named: ChainedDevice[] = [];
  for await (const row of store.scan(chainedDevices, { index: "child", prefix: [via.id] }))
    if (row.name === name || `${row.name}/${row.id}` === name) named.push(row);
  if (named.length > 1) throw severalOf("device", ref);
  return named[0];
}

/** One by itself, whether or not it counts; undefined where its child is gone. */
export async function seenOf(store: Store, row: ChainedDevice): Promise<Seen | undefined> {
  const via = await store.get(child, row.child);
  return via && { row, shownName: `${via.name}/${row.name}`, ...viewOfChained(row, via) };
}

/** Up to when it is known what devices of children measured, child by child, for those that these devices come by. */
export async function knownOfChildren(devices: readonly { readonly child?: string }[], store: Store) {
  const known = [];
  for (const id of new Set(devices.flatMap(({ child: via }) => via ?? []))) {
    const [row, standing] = await Promise.all([store.get(child, id), store.get(childStandings, id)]);
    if (row === undefined) continue;
    const { knownUpTo } = standing ?? {};
    known.push({ name: row.name, state: row.state, ...(knownUpTo !== undefined && { knownUpTo }) });
  }
  return known;
}

/** Tells in whose name the host of a device of a child counts: empty when in this one. Looks at all of them once. */
export async function whoCounts(store: Store): Promise<(row: ChainedDevice) => Promise<string>> {
  const first = new Map<string, { readonly id: string; readonly name: string }>();
  for await (const { via, row } of devicesOfChildren(store))
    if (row.machine !== "" && !first.has(row.machine)) first.set(row.machine, { id: row.id, name: via.name });
  return async ({ id, machine }) => {
    if (machine === "") return "";
    const counted = first.get(machine);
    return (await directDevice(store, machine))?.name ?? (counted?.id === id ? "" : (counted?.name ?? ""));
  };
}

async function* devicesOfChildren(store: Store): AsyncGenerator<{ readonly via: Child; readonly row: ChainedDevice }> {
  const all: Child[] = [];
  for await (const each of store.scan(child)) all.push(each);
  for (const via of all.toSorted((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1)))
    for await (const row of store.scan(chainedDevices, { index: "child", prefix: [via.id] })) yield { via, row };
}

async function directDevice(store: Store, machine: string) {
  const { items } = await store.list(device, { index: "machine", prefix: [machine], limit: 1 });
  return items[0];
}
