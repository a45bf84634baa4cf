import type { Output } from "../../src/faces/client.ts";
import { bytes } from "../data/format.ts";
import { DataTable } from "./data-table.tsx";
import { Instant } from "./instant.tsx";
import { Plain } from "./plain.tsx";
import { State } from "./state.tsx";

type Instance = Output<"diml/dml/do/datainstance/list">["items"][number];

export const InstanceTable = ({
  instances,
  nameOf,
}: {
  readonly instances: readonly Instance[];
  readonly nameOf: (device: string) => string;
}) => (
  <DataTable
    caption="Data instances"
    rows={instances}
    keyOf={({ id }) => id}
    linkOf={({ request }) => (request === undefined ? undefined : `/data/requests/${encodeURIComponent(request)}`)}
    columns={[
      { title: "Name", cell: ({ name }) => <Plain text={name} /> },
      { title: "State", cell: ({ state }) => <State state={state} /> },
      { title: "Device", cell: ({ device }) => <Plain text={nameOf(device)} /> },
      { title: "How", isMinor: "slightly", cell: ({ decision }) => decision },
      {
        title: "Waits for",
        isMinor: true,
        cell: ({ cause, tries }) => (
          <>
            <Plain text={cause || "–"} />
            {tries > 0 && ` (tried ${tries} ${tries === 1 ? "time" : "times"})`}
          </>
        ),
      },
      { title: "Path", isMinor: true, cell: ({ path }) => <Plain text={path} /> },
      { title: "Size", align: "right", cell: (instance) => bytes(instance.bytes) },
      {
        title: "Held there",
        align: "right",
        isMinor: true,
        cell: ({ heldBytes, bytes: all }) => bytes(heldBytes ?? all),
      },
      { title: "Made", isMinor: true, cell: ({ createdAt }) => <Instant at={createdAt} /> },
    ]}
  />
);
