import type { Handler } from "./handler.ts";

/** Reports the inventory at once, whether it changed or not. */
export const inventoryRefresh: Handler<"inventory.refresh"> = {
  run: async (_given, { refreshInventory }) => ({ result: { facts: await refreshInventory() } }),
};
