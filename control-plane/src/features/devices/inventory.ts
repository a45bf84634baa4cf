import type { InventoryReport } from "@edgemere/protocol";
import type { Device } from "./contract.ts";

export type FactValue = string | number | boolean;
export type Inventory = Device["inventory"];

/** A fact that became another; `before` or `after` is absent when it appeared or went. */
export interface FactChange {
  readonly attribute: string;
  readonly before?: FactValue;
  readonly after?: FactValue;
}

/** The facts of a report. Of two with one name the last counts. */
export const inventoryOf = (report: InventoryReport): Inventory =>
  Object.fromEntries(
    report.facts.map(({ name, text, number, flag }): [string, FactValue] => [name ?? "", number ?? flag ?? text ?? ""]),
  );

/** What changed, by name. */
export function differences(before: Inventory, after: Inventory): readonly FactChange[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names
    .map((name) => change(name, own(before, name), own(after, name)))
    .filter((each) => each.before !== each.after);
}

// A device may call a fact "constructor".
const own = (inventory: Inventory, name: string) => (Object.hasOwn(inventory, name) ? inventory[name] : undefined);

const change = (attribute: string, before: FactValue | undefined, after: FactValue | undefined): FactChange => ({
  attribute,
  ...(before !== undefined && { before }),
  ...(after !== undefined && { after }),
});
