import { gauge, total, type Family } from "../../platform/figures.ts";
import { child, reportRefusals, type Child } from "./chain-contract.ts";
import { roomAtMost } from "./chain-room.ts";
import { childStandings, nothingHeard, type ChildStanding } from "./chain-tables.ts";
import type { TelemetryContext } from "./context.ts";

/** Children of whom something is told: each has a series for each reason. */
const CHILDREN_AT_MOST = 100;

/** The room of each child, how much of it is taken, and what was refused. */
export async function chainFigures({
  store,
  telemetry,
}: Pick<TelemetryContext, "store"> & {
  readonly telemetry: Pick<TelemetryContext["telemetry"], "chain" | "chainedArrivals">;
}): Promise<readonly Family[]> {
  const told: { readonly row: Child; readonly standing: ChildStanding }[] = [];
  let leftOut = 0;
  for await (const row of store.scan(child))
    if (told.length === CHILDREN_AT_MOST) leftOut++;
    else told.push({ row, standing: (await store.get(childStandings, row.id)) ?? nothingHeard(row.id) });
  return [
    gauge(
      { name: "edgemere_child_room_used_bytes", help: "How much of what a child told is kept" },
      told.map(({ row: { name }, standing: { bytes = 0 } }) => [{ child: name }, bytes]),
    ),
    gauge(
      { name: "edgemere_child_room_bytes", help: "How much of it is kept at most" },
      told.map(({ row }) => [{ child: row.name }, roomAtMost(row, telemetry)]),
    ),
    total(
      { name: "edgemere_child_refused_hours", help: "Hours of devices that a child told and that were not taken" },
      // From nothing on: who watches for more must not miss the first.
      told.flatMap(({ row: { name }, standing: { refused } }) =>
        reportRefusals.map((reason) => [{ child: name, reason }, refused[reason] ?? 0] as const),
      ),
    ),
    gauge({ name: "edgemere_children_left_out", help: "Children for whose figures there was no room" }, [
      [{}, leftOut],
    ]),
    ...(telemetry.chainedArrivals?.figures() ?? []),
  ];
}
