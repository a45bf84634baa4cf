import { Anchor, Stack } from "@mantine/core";
import type { ReactNode } from "react";
import { Link, useParams } from "wouter";
import type { Output } from "../../src/faces/client.ts";
import { nameIn } from "../data/alerts.ts";
import { alertOfData, foundLink, pieceLink, requestLink } from "../data/data-links.ts";
import { useDeviceNames } from "../data/device-names.ts";
import { bytes } from "../data/format.ts";
import { usePaging } from "../data/paging.ts";
import { useRead } from "../data/queries.ts";
import { Answer, Empty } from "../parts/answer.tsx";
import { DataPieces } from "../parts/data-pieces.tsx";
import { Facts } from "../parts/facts.tsx";
import { ExactInstant } from "../parts/instant.tsx";
import { InstanceTable } from "../parts/instance-table.tsx";
import { Labels } from "../parts/labels.tsx";
import { Page } from "../parts/page.tsx";
import { PagedTable } from "../parts/paged-table.tsx";
import { Pager } from "../parts/pager.tsx";
import { Plain } from "../parts/plain.tsx";
import { Section } from "../parts/section.tsx";
import { State } from "../parts/state.tsx";

const TRAIL = [
  { label: "Data", to: "/data" },
  { label: "Catalogue", to: "/data/catalogue" },
];
const PLACES_AT_MOST = 50;

type Piece = Output<"diml/dml/fmdm/data/find">;
type Happening = Output<"diml/dml/fmdm/data/history">["items"][number];

/** What happened, in words for people. */
const DEEDS: Readonly<Record<Happening["what"], string>> = {
  found: "it was found",
  changed: "it changed",
  lost: "it could not be reached any more",
  back: "it could be reached again",
  removed: "it was removed",
  placed: "it was brought here for a data request",
  moved: "it was taken elsewhere by a data request",
};

/** One piece of data: where it lies, what it was made of, where else the same lies, and what happened to it. */
export function DataPiece() {
  const id = nameIn(useParams()["piece"]);
  const found = useRead("diml/dml/fmdm/data/find", { id });
  const nameOf = useDeviceNames();
  return (
    <Answer of={found} lines={8}>
      {(piece) => (
        <Page title={piece.name} trail={TRAIL} badge={<State state={piece.state} />}>
          <Stack>
            <div className="grid two">
              <Section title="What it is">
                <Standing piece={piece} nameOf={nameOf} />
              </Section>
              <Section title="Where it came from">
                <Lineage piece={piece} nameOf={nameOf} />
              </Section>
            </div>
            <Section title="Where the same lies">
              <Places piece={piece} nameOf={nameOf} />
            </Section>
            <Section title="In use">
              <Uses piece={piece} nameOf={nameOf} />
            </Section>
            <Section title="What happened">
              <Happenings piece={piece} />
            </Section>
          </Stack>
        </Page>
      )}
    </Answer>
  );
}

interface Of {
  readonly piece: Piece;
  readonly nameOf: (device: string) => string;
}

const To = ({ href, children }: { readonly href: string; readonly children: ReactNode }) => (
  <Anchor component={Link} href={href} size="sm">
    {children}
  </Anchor>
);

const Device = ({ id, nameOf }: { readonly id: string; readonly nameOf: Of["nameOf"] }) =>
  id === "" ? (
    nameOf("")
  ) : (
    <To href={`/devices/${encodeURIComponent(id)}/data`}>
      <Plain text={nameOf(id)} />
    </To>
  );

function Standing({ piece, nameOf }: Of) {
  const { id, device, source, access, hash, tags, createdAt, modifiedAt } = piece;
  const place = useRead("diml/dml/fmdm/datasource/find", { id: source });
  return (
    <Facts
      of={[
        ["Id", <code key="id">{id}</code>],
        ["Lies on", <Device key="device" id={device} nameOf={nameOf} />],
        [
          "Source",
          <To key="source" href={foundLink(`source_id == ${JSON.stringify(source)}`)}>
            <Plain text={place.data?.name ?? source} />
          </To>,
        ],
        ["Size", bytes(piece.bytes)],
        [
          "SHA-256",
          <code key="hash">
            <Plain text={hash || "not known"} />
          </code>,
        ],
        ["Access", access],
        ["Tags", Object.keys(tags).length === 0 ? "–" : <Labels key="tags" of={tags} />],
        ["Changed", <ExactInstant key="changed" at={modifiedAt} />],
        ["Found", <ExactInstant key="found" at={createdAt} />],
      ]}
    />
  );
}

function Lineage({ piece: { lineage }, nameOf }: Of) {
  if (lineage === undefined)
    return <Empty title="It is an original">No data request and no policy brought it there.</Empty>;
  const { data, device, request, alert, at } = lineage;
  return (
    <Facts
      of={[
        ...(data === "" ? [] : [leading("Copy of", pieceLink(data), <PieceName id={data} />)]),
        ["Which lay on", <Device key="device" id={device} nameOf={nameOf} />],
        ...(request === "" ? [] : [leading("For the request", requestLink(request), <RequestName id={request} />)]),
        ...(alert === undefined ? [] : [leading("For the alert", alertOfData(alert), <Plain text={alert} />)]),
        ["Stood here", <ExactInstant key="at" at={at} />],
      ]}
    />
  );
}

const leading = (title: string, href: string, name: ReactNode) =>
  [
    title,
    <To key={title} href={href}>
      {name}
    </To>,
  ] as const;

/** Names that are known; what is forgotten is called by its id. */
function PieceName({ id }: { readonly id: string }) {
  const { data } = useRead("diml/dml/fmdm/data/find", { id });
  return <Plain text={data?.name ?? id} />;
}
function RequestName({ id }: { readonly id: string }) {
  const { data } = useRead("diml/dml/do/datarequest/find", { id });
  return <Plain text={data?.name ?? id} />;
}

function Places({ piece: { id, hash }, nameOf }: Of) {
  const found = useRead(
    "diml/dml/fmdm/query",
    { expression: `hash == ${JSON.stringify(hash)}`, limit: PLACES_AT_MOST },
    { enabled: hash !== "" },
  );
  const nowhere = <Empty title="Nowhere else that is known" />;
  if (hash === "") return nowhere;
  return (
    <Answer of={found}>
      {({ items, next }) => {
        const others = items.filter((each) => each.id !== id);
        if (others.length === 0) return nowhere;
        return (
          <>
            <DataPieces pieces={others} nameOf={nameOf} />
            {next !== undefined && (
              <To href={foundLink(`hash == ${JSON.stringify(hash)}`)}>All places where the same lies</To>
            )}
          </>
        );
      }}
    </Answer>
  );
}

/** Wherever it is used, as it lies here or as a copy. */
function Uses({ piece: { id, hash }, nameOf }: Of) {
  const paging = usePaging(id);
  const same = hash === "" ? `data == ${JSON.stringify(id)}` : `hash == ${JSON.stringify(hash)}`;
  const instances = useRead("diml/dml/do/datainstance/list", {
    selector: `${same} && state != "removed"`,
    limit: 20,
    ...(paging.cursor !== undefined && { cursor: paging.cursor }),
  });
  return (
    <Answer of={instances}>
      {({ items, next, total }) =>
        items.length === 0 ? (
          <Empty title="No data request uses it now" />
        ) : (
          <>
            <InstanceTable instances={items} nameOf={nameOf} />
            <Pager paging={paging} next={next} shown={items.length} total={total} noun="instance" />
          </>
        )
      }
    </Answer>
  );
}

/** Each leads to the request that wanted it, or to all that holds what it held from then on. */
const linkOf = ({ request, hash }: Happening): string | undefined =>
  request !== undefined && request !== ""
    ? requestLink(request)
    : hash === undefined || hash === ""
      ? undefined
      : foundLink(`hash == ${JSON.stringify(hash)}`);

function Happenings({ piece: { id } }: Pick<Of, "piece">) {
  const paging = usePaging(id);
  const history = useRead("diml/dml/fmdm/data/history", {
    id,
    limit: 20,
    ...(paging.cursor !== undefined && { cursor: paging.cursor }),
  });
  return (
    <PagedTable
      of={history}
      paging={paging}
      noun="happening"
      lines={4}
      empty={<Empty title="Nothing is known of it" />}
      caption="What happened to the data, newest first"
      keyOf={({ at, what, hash, instance }) => `${at} ${what} ${hash ?? ""} ${instance ?? ""}`}
      linkOf={linkOf}
      columns={[
        { title: "What", cell: ({ what }) => DEEDS[what] },
        { title: "When", cell: ({ at }) => <ExactInstant at={at} /> },
        { title: "By", isMinor: "slightly", cell: ({ author }) => <Plain text={author ?? "–"} /> },
        { title: "Held then", isMinor: true, cell: ({ hash }) => <Plain text={hash?.slice(0, 12) ?? "–"} /> },
      ]}
    />
  );
}
