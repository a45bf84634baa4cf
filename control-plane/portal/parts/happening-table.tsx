import { Anchor } from "@mantine/core";
import { Link } from "wouter";
import type { Happening } from "../data/device-story.ts";
import { Empty } from "./answer.tsx";
import { DataTable } from "./data-table.tsx";
import { ExactInstant } from "./instant.tsx";
import { Plain } from "./plain.tsx";
import { State } from "./state.tsx";

/** What happened to a device or to many, in the order that is given. */
export const HappeningTable = ({
  of: happenings,
  caption,
  empty,
}: {
  readonly of: readonly Happening[];
  readonly caption: string;
  readonly empty: string;
}) =>
  happenings.length === 0 ? (
    <Empty title={empty} />
  ) : (
    <DataTable
      caption={caption}
      rows={happenings.map((each, place) => ({ ...each, place: happenings.length - place }))}
      keyOf={({ at, what, place }) => `${at} ${what} ${place}`}
      columns={[
        { title: "When", cell: ({ at }) => <ExactInstant at={at} /> },
        {
          title: "What",
          cell: ({ what, link }) =>
            link === undefined ? (
              <Plain text={what} />
            ) : (
              <Anchor component={Link} href={link} size="sm">
                <Plain text={what} />
              </Anchor>
            ),
        },
        {
          title: "State",
          isMinor: "slightly",
          cell: ({ state }) => (state === undefined ? "–" : <State state={state} />),
        },
        { title: "Detail", isMinor: true, cell: ({ detail = "" }) => <Plain text={detail || "–"} /> },
      ]}
    />
  );
