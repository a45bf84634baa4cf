import { alertLink, lookedText, subjectOf, type AlertRow } from "../data/alerts.ts";
import { DataTable } from "./data-table.tsx";
import { Instant } from "./instant.tsx";
import { Plain } from "./plain.tsx";
import { State } from "./state.tsx";

export const AlertTable = ({
  alerts,
  caption,
  nameOf,
  isOfPolicy = false,
}: {
  readonly alerts: readonly AlertRow[];
  readonly caption: string;
  /** What a device is called; without it the devices are left out. */
  readonly nameOf?: (device: string) => string;
  /** All are of one policy, which is not named again. */
  readonly isOfPolicy?: boolean;
}) => (
  <DataTable
    caption={caption}
    rows={alerts}
    keyOf={({ id }) => id}
    linkOf={alertLink}
    columns={[
      ...(isOfPolicy ? [] : [{ title: "Policy", cell: ({ policy }: AlertRow) => <Plain text={policy} /> }]),
      ...(nameOf ? [{ title: "On", cell: (row: AlertRow) => <Plain text={subjectOf(row, nameOf)} /> }] : []),
      { title: "State", cell: ({ state }) => <State state={state} /> },
      { title: "Severity", isMinor: "slightly", cell: ({ severity }) => <State state={severity} /> },
      { title: "Since", cell: ({ since }) => <Instant at={since} /> },
      { title: "Saw", isMinor: true, cell: (row) => <Plain text={row.reason || lookedText(row.looked) || "–"} /> },
      { title: "Looked after by", isMinor: true, cell: ({ acknowledgedBy }) => <Plain text={acknowledgedBy ?? "–"} /> },
    ]}
  />
);
