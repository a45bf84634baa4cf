import type { Caller } from "../../platform/caller.ts";
import { resolve } from "../../platform/reference.ts";
import { device, type Device } from "../devices/contract.ts";
import { compileSelector, viewOf } from "../devices/selector-contract.ts";
import { aggregatedDevice } from "./adevice-contract.ts";
import type { TelemetryContext } from "./context.ts";

/** What a query needs to know of a device. */
export interface Selected {
  readonly id: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

interface Wanted {
  readonly device?: string | undefined;
  readonly selector?: string | undefined;
  /** Name of an aggregated device. */
  readonly adevice?: string | undefined;
}

/** Those that all selectors match; an empty one matches every device. */
export function matcherOf(...selectors: readonly string[]): (row: Device) => boolean {
  const wanted = selectors.filter((each) => each.trim() !== "").map((each) => compileSelector(each));
  return (row) => wanted.every((each) => each.matches(viewOf(row)));
}

/** The devices that are meant by all that is given, without those of which the caller may not know. */
export async function selectedDevices(
  { device: ref, selector = "", adevice }: Wanted,
  { store, scopes }: Pick<TelemetryContext, "store" | "scopes">,
  { caller, permission }: { readonly caller: Caller; readonly permission: string },
): Promise<readonly Selected[]> {
  const reach = scopes.reachOf(caller, permission);
  const saved = adevice === undefined ? "" : (await resolve(store, aggregatedDevice, adevice)).selector;
  const isMeant = matcherOf(selector, saved);
  const found: Selected[] = [];
  for await (const row of ref === undefined ? store.scan(device) : [await resolve(store, device, ref)])
    if (reach.coversRow(row) && isMeant(row)) found.push({ id: row.id, name: row.name, labels: row.labels });
  return found;
}

/** What a device and one of its series have in common with others: words for `device`, `instance`, or a label. */
export const valuesOf = (by: readonly string[], { name, labels }: Selected, instance: string): Record<string, string> =>
  Object.fromEntries(
    by.map((word) => {
      if (word === "device") return [word, name];
      if (word === "instance") return [word, instance];
      const label = word.startsWith("labels.") ? word.slice("labels.".length) : word;
      return [word, Object.hasOwn(labels, label) ? (labels[label] ?? "") : ""];
    }),
  );
