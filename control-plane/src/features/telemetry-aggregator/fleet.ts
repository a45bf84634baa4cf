import type { Caller } from "../../platform/caller.ts";
import { resolve } from "../../platform/reference.ts";
import type { Store } from "../../platform/store.ts";
import { device } from "../devices/contract.ts";
import { compileSelector, viewOf } from "../devices/selector-contract.ts";
import { aggregatedDevice } from "./adevice-contract.ts";
import { chainedDeviceOf, countedDevices, hostOf, seenOf, type Seen } from "./chained-devices.ts";
import type { TelemetryContext } from "./context.ts";

/** What a query needs to know of a device. */
export interface Selected {
  readonly id: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Id of the child that tells of it; absent: it is a device of this control plane. */
  readonly child?: string;
}

interface Wanted {
  readonly device?: string | undefined;
  readonly selector?: string | undefined;
  /** Name of an aggregated device. */
  readonly adevice?: string | undefined;
}

/** Those that all selectors match, as selectors see them; an empty one matches every device. */
export function matcherOf(...selectors: readonly string[]): (view: Record<string, unknown>) => boolean {
  const wanted = selectors.filter((each) => each.trim() !== "").map((each) => compileSelector(each));
  return (view) => wanted.every((each) => each.matches(view));
}

/** The selector of an aggregated device, by its name; empty where none is named. */
export const selectorOf = async (adevice: string | undefined, store: Store): Promise<string> =>
  adevice === undefined ? "" : (await resolve(store, aggregatedDevice, adevice)).selector;

/** The devices that are meant by all that is given, those of children too, without those of which the caller may not know. */
export async function selectedDevices(
  { device: ref, selector = "", adevice }: Wanted,
  { store, scopes }: Pick<TelemetryContext, "store" | "scopes">,
  { caller, permission }: { readonly caller: Caller; readonly permission: string },
): Promise<readonly Selected[]> {
  const reach = scopes.reachOf(caller, permission);
  const isMeant = matcherOf(selector, await selectorOf(adevice, store));
  const chained = ref === undefined ? undefined : await chainedDeviceOf(store, ref);
  if (chained !== undefined) return selectedOf(reach.isEverywhere ? await seenOf(store, chained) : undefined, isMeant);
  const found: Selected[] = [];
  const own = new Set<string>();
  for await (const row of ref === undefined ? store.scan(device) : [await resolve(store, device, ref)]) {
    own.add(hostOf(row));
    if (reach.coversRow(row) && isMeant(viewOf(row))) found.push({ id: row.id, name: row.name, labels: row.labels });
  }
  // What a child says of its devices is not what grants go by.
  if (ref === undefined && reach.isEverywhere)
    for await (const each of countedDevices(store, own)) found.push(...selectedOf(each, isMeant));
  return found;
}

function selectedOf(seen: Seen | undefined, isMeant: ReturnType<typeof matcherOf>): readonly Selected[] {
  if (seen === undefined || !isMeant(seen.view)) return [];
  const { row, shownName, labels } = seen;
  return [{ id: row.id, name: shownName, labels, child: row.child }];
}

/** What a device and one of its series have in common with others, each as one of the words tells it: `device`, `instance`, or a label. */
export const valuesOf = (by: readonly string[], { name, labels }: Selected, instance: string): readonly string[] =>
  by.map((word) => {
    if (word === "device") return name;
    if (word === "instance") return instance;
    const label = word.startsWith("labels.") ? word.slice("labels.".length) : word;
    return Object.hasOwn(labels, label) ? (labels[label] ?? "") : "";
  });
