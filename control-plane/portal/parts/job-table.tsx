import type { Output } from "../../src/faces/client.ts";
import { DataTable } from "./data-table.tsx";
import { Instant } from "./instant.tsx";
import { Plain } from "./plain.tsx";
import { State } from "./state.tsx";

export type Job = Output<"cpl/dm/job/list">["items"][number];

export const JobTable = ({
  jobs,
  caption,
  nameOf,
}: {
  readonly jobs: readonly Job[];
  readonly caption: string;
  /** What a device is called; without it the devices are left out. */
  readonly nameOf?: (device: string) => string;
}) => (
  <DataTable
    caption={caption}
    rows={jobs}
    keyOf={({ id }) => id}
    linkOf={({ id }) => `/jobs/${encodeURIComponent(id)}`}
    columns={[
      { title: "Kind", cell: ({ kind }) => <Plain text={kind} /> },
      { title: "State", cell: ({ state }) => <State state={state} /> },
      ...(nameOf
        ? [
            {
              title: "Devices",
              isMinor: "slightly" as const,
              cell: ({ devices }: Job) => <Plain text={devices.map(nameOf).join(", ")} />,
            },
          ]
        : []),
      { title: "By", isMinor: true, cell: ({ author }) => <Plain text={author} /> },
      { title: "Made", cell: ({ createdAt }) => <Instant at={createdAt} /> },
    ]}
  />
);
