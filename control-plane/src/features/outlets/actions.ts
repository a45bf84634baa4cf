import { handle } from "../../platform/action.ts";
import type { OutletsContext } from "./context.ts";
import { listOutlets, outlet } from "./contract.ts";
import { positions } from "./tables.ts";

export const outletActions = [
  // There are never more of them than fit on a page.
  handle(listOutlets, async (_, { store, outlets }: OutletsContext) => ({
    items: await Promise.all(
      outlets.targets.map(async ({ name, url }) => {
        const row = await store.get(outlet, name);
        const position = await store.get(positions, name);
        return {
          id: name,
          target: url,
          state: row?.state ?? outlet.life.initial,
          reason: row?.reason ?? "",
          ...(position !== undefined && { sentUpTo: position.sentUpTo }),
          ...outlets.tally.of(name),
        };
      }),
    ),
  })),
];
