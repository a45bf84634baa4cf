import { table } from "../../platform/resource.ts";
import type { FactChange } from "./inventory.ts";

/** How inventories changed: one row per fact and change. */
export const factChanges = table<FactChange & { readonly id: string; readonly device: string; readonly at: number }>(
  "factchange",
  {
    device: ({ device, id }) => [[device, id]],
    attribute: ({ device, attribute, id }) => [[device, attribute, id]],
  },
);
