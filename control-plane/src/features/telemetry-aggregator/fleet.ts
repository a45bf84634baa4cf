import type { Caller } from "../../platform/caller.ts";
import { resolve } from "../../platform/reference.ts";
import { device, type Device } from "../devices/contract.ts";
import { compileSelector, viewOf } from "../devices/selector-contract.ts";
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
}

const selectedOf = ({ id, name, labels }: Device): Selected => ({ id, name, labels });

/** The devices that are meant, without those of which the caller may not know. */
export async function selectedDevices(
  { device: ref, selector = "" }: Wanted,
  { store, scopes }: Pick<TelemetryContext, "store" | "scopes">,
  { caller, permission }: { readonly caller: Caller; readonly permission: string },
): Promise<readonly Selected[]> {
  const reach = scopes.reachOf(caller, permission);
  const wanted = selector.trim() === "" ? undefined : compileSelector(selector);
  const isMeant = (row: Device) => reach.coversRow(row) && (wanted?.matches(viewOf(row)) ?? true);
  if (ref !== undefined) return [await resolve(store, device, ref)].filter(isMeant).map(selectedOf);
  const found: Selected[] = [];
  for await (const row of store.scan(device)) if (isMeant(row)) found.push(selectedOf(row));
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
