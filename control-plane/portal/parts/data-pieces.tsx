import { Anchor } from "@mantine/core";
import { Link } from "wouter";
import type { Output } from "../../src/faces/client.ts";
import { pieceLink } from "../data/data-links.ts";
import { bytes } from "../data/format.ts";
import { DataTable } from "./data-table.tsx";
import { Instant } from "./instant.tsx";
import { Labels } from "./labels.tsx";
import { Plain } from "./plain.tsx";
import { State } from "./state.tsx";

type Piece = Output<"diml/dml/fmdm/query">["items"][number];

/** Pieces of data, each of which leads to its page; with `nameOf` also where they lie. */
export const DataPieces = ({
  pieces,
  nameOf,
}: {
  readonly pieces: readonly Piece[];
  readonly nameOf?: (device: string) => string;
}) => (
  <DataTable
    caption="Pieces of data"
    rows={pieces}
    keyOf={({ id }) => id}
    linkOf={({ id }) => pieceLink(id)}
    columns={[
      { title: "Name", cell: ({ name }) => <Plain text={name} /> },
      ...(nameOf
        ? [
            {
              title: "Device",
              cell: ({ device }: Piece) =>
                device === "" ? (
                  nameOf("")
                ) : (
                  <Anchor component={Link} href={`/devices/${encodeURIComponent(device)}/data`} size="sm">
                    <Plain text={nameOf(device)} />
                  </Anchor>
                ),
            },
          ]
        : []),
      { title: "State", cell: ({ state }) => <State state={state} /> },
      { title: "Size", align: "right", isMinor: "slightly", cell: (piece) => bytes(piece.bytes) },
      { title: "Tags", isMinor: true, cell: ({ tags }) => <Labels of={tags} /> },
      { title: "Changed", isMinor: true, cell: ({ modifiedAt }) => <Instant at={modifiedAt} /> },
    ]}
  />
);
