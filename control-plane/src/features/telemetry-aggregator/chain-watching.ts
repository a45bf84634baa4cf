import { MINUTE, type Loop } from "@edgemere/protocol/kit";
import { moved } from "../../platform/change.ts";
import { unlessMoved } from "../../platform/repeat.ts";
import { child } from "./chain-contract.ts";
import { childStandings } from "./chain-tables.ts";
import type { TelemetryContext } from "./context.ts";

/** A child reports every minute or so; it may be restarted. */
const SILENT_AFTER = 10 * MINUTE;

/** Tells of children that say nothing any more: what their devices measure is not known from then on. */
export const watchChildren = ({ store, clock, log }: TelemetryContext): Loop => ({
  name: "watch children",
  every: MINUTE,
  onError: (error) => log.error("loop failed", { loop: "watch children", error }),
  step: async () => {
    for await (const row of store.scan(child)) {
      if (row.state !== "reporting") continue;
      const { heardAt = 0 } = (await store.get(childStandings, row.id)) ?? {};
      if (clock.now() - heardAt <= SILENT_AFTER) continue;
      log.warn("a child is silent", { child: row.id, name: row.name, heardAt });
      await store.commit(moved(child, row, "lose")).catch(unlessMoved);
    }
    return "settled";
  },
});
