import { Text } from "@mantine/core";
import type { Output } from "../../src/faces/client.ts";
import { DataTable } from "./data-table.tsx";
import { Instant } from "./instant.tsx";
import { State } from "./state.tsx";

export type Rollout = Output<"cpl/dm/rollout/find">;
type Wave = Rollout["waves"][number];

/** All waves taken together. */
export const countsOf = (waves: readonly Wave[]) => ({
  targets: waves.reduce((sum, each) => sum + each.targets, 0),
  succeeded: waves.reduce((sum, each) => sum + each.succeeded, 0),
});

const PARTS = ["succeeded", "active", "failed", "skipped", "cancelled"] as const;

/** How far each wave is, and what the comparison with untouched devices says of it. */
export const RolloutWaves = ({ rollout: { waves, opened } }: { readonly rollout: Rollout }) => (
  <DataTable
    caption="Waves, in their order"
    rows={waves.map((wave, place) => ({ ...wave, place }))}
    keyOf={({ place }) => String(place)}
    columns={[
      { title: "Wave", cell: ({ place }) => place + 1 },
      { title: "How far", cell: (wave) => <Bar wave={wave} /> },
      { title: "Devices", align: "right", cell: ({ targets }) => targets.toLocaleString() },
      { title: "Succeeded", align: "right", cell: ({ succeeded }) => succeeded.toLocaleString() },
      { title: "Under way", align: "right", isMinor: "slightly", cell: ({ active }) => active.toLocaleString() },
      { title: "Failed", align: "right", cell: ({ failed }) => failed.toLocaleString() },
      {
        title: "Left out",
        align: "right",
        isMinor: true,
        cell: ({ skipped, cancelled }) => (skipped + cancelled).toLocaleString(),
      },
      {
        title: "Began",
        isMinor: "slightly",
        cell: ({ openedAt, place }) =>
          place < opened && openedAt !== undefined ? <Instant at={openedAt} /> : "not yet",
      },
      { title: "Comparison", isMinor: "slightly", cell: (wave) => <Compared wave={wave} /> },
    ]}
  />
);

const Bar = ({ wave }: { readonly wave: Wave }) => (
  <span className="wave-bar" aria-hidden="true">
    {PARTS.map((part) => (
      <span key={part} data-part={part} style={{ width: `${(wave[part] / Math.max(1, wave.targets)) * 100}%` }} />
    ))}
  </span>
);

function Compared({ wave: { canary } }: { readonly wave: Wave }) {
  if (canary === undefined) return "none";
  return (
    <>
      <State state={canary.verdict} />
      {canary.comparisons
        .filter(({ stratum }) => stratum === "")
        .map(({ measure, change, low, high, treated, control }) => (
          <Text size="xs" c="dimmed" key={measure}>
            {`${measure === "alerts" ? "alerts" : "the metric"} ${signed(change)} % worse (${signed(low)} to ${signed(high)}), ${treated} against ${control}`}
          </Text>
        ))}
    </>
  );
}

const signed = (value: number) =>
  value.toLocaleString(undefined, { maximumFractionDigits: 1, signDisplay: "exceptZero" });
