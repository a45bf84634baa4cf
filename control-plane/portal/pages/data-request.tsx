import { Stack } from "@mantine/core";
import { useParams } from "wouter";
import type { Output } from "../../src/faces/client.ts";
import { pieceLink } from "../data/data-links.ts";
import { useDeviceNames } from "../data/device-names.ts";
import { bytes, duration } from "../data/format.ts";
import { useRead, useWrite } from "../data/queries.ts";
import { useMay } from "../data/session.tsx";
import { Answer, Empty, Failure } from "../parts/answer.tsx";
import { Causes } from "../parts/causes.tsx";
import { ConfirmByName } from "../parts/confirm-by-name.tsx";
import { Cost } from "../parts/cost.tsx";
import { DataTable } from "../parts/data-table.tsx";
import { Facts } from "../parts/facts.tsx";
import { ExactInstant, Instant } from "../parts/instant.tsx";
import { InstanceTable } from "../parts/instance-table.tsx";
import { Page } from "../parts/page.tsx";
import { Plain } from "../parts/plain.tsx";
import { RequestTimeline } from "../parts/request-timeline.tsx";
import { saved } from "../parts/saved.ts";
import { Section } from "../parts/section.tsx";
import { State } from "../parts/state.tsx";

const TRAIL = [
  { label: "Data", to: "/data" },
  { label: "Requests", to: "/data/requests" },
];

type Request = Output<"diml/dml/do/datarequest/find">;

const isPlaced = ({ purpose: { where, device, source } }: Request): boolean =>
  where !== undefined || device !== undefined || source !== undefined;
const isOver = ({ state }: Request): boolean => state === "completed" || state === "failed";
/** What it may cost at most; empty where nothing was said. */
const budgetOf = ({ purpose: { budget } }: Request): string =>
  [
    ...(budget.bytes === undefined ? [] : [bytes(budget.bytes)]),
    ...(budget.money === undefined ? [] : [`${budget.money} in money`]),
  ].join(", ");

/** A data request with all that came of it. */
export function DataRequest() {
  const { request: id = "" } = useParams();
  const explained = useRead("diml/dml/do/datarequest/explain", { request: id });
  const nameOf = useDeviceNames();
  return (
    <Answer of={explained} lines={8}>
      {({ request, reservations, instances, ...explanation }) => (
        <Page
          title={request.name}
          trail={TRAIL}
          badge={<State state={request.state} />}
          actions={isOver(request) ? undefined : <EndRequest request={request} />}
        >
          <Stack>
            <Section title="Why">
              <Causes of={explanation} />
            </Section>
            <div className="grid two">
              <Section title="Wanted">
                <Facts
                  of={[
                    ["Id", <code key="id">{request.id}</code>],
                    ["Query", <Plain key="query" text={request.query} />],
                    ["Copies", request.purpose.copies],
                    ["Needed for", duration(request.purpose.lifetime)],
                    ...(request.purpose.where === undefined
                      ? []
                      : ([["Where", <Plain key="where" text={request.purpose.where} />]] as const)),
                    ...(isPlaced(request)
                      ? ([
                          ["Use", request.purpose.use],
                          ["Copies are", request.purpose.isKept ? "made anew when they are lost" : "made once"],
                        ] as const)
                      : []),
                    ...(request.cost === undefined ? [] : ([["Cost", <Cost key="cost" of={request.cost} />]] as const)),
                    ...(budgetOf(request) === "" ? [] : ([["At most", budgetOf(request)]] as const)),
                    ...(request.purpose.device === undefined
                      ? []
                      : ([["Used on", <Plain key="on" text={nameOf(request.purpose.device)} />]] as const)),
                    ...(request.purpose.source === undefined
                      ? []
                      : ([["Put in", <Source key="in" id={request.purpose.source} />]] as const)),
                    ...(request.purpose.service === undefined
                      ? []
                      : ([["Service", <Plain key="service" text={request.purpose.service} />]] as const)),
                    ["By", <Plain key="by" text={request.author} />],
                    ["Made", <ExactInstant key="made" at={request.createdAt} />],
                    ...(request.satisfiedAt === undefined
                      ? []
                      : ([["Satisfied", <ExactInstant key="satisfied" at={request.satisfiedAt} />]] as const)),
                    ...(request.endsAt === undefined
                      ? []
                      : ([["Ends", <ExactInstant key="ends" at={request.endsAt} />]] as const)),
                  ]}
                />
              </Section>
              <RequestTimeline request={request.id} reservations={reservations} />
            </div>
            <Section title="Reservations">
              {reservations.length === 0 ? (
                <Empty title="Nothing is held for it" />
              ) : (
                <DataTable
                  caption="Reservations of the request"
                  rows={reservations}
                  keyOf={({ id }) => id}
                  linkOf={({ data }) => pieceLink(data)}
                  columns={[
                    { title: "Data", cell: ({ name }) => <Plain text={name} /> },
                    { title: "State", cell: ({ state }) => <State state={state} /> },
                    { title: "Decision", isMinor: "slightly", cell: ({ decision }) => decision ?? "–" },
                    { title: "Why", cell: ({ reason }) => <Plain text={reason || "–"} /> },
                    { title: "Cost", align: "right", isMinor: true, cell: ({ cost }) => <Cost of={cost} /> },
                    { title: "Held until", isMinor: true, cell: ({ expiresAt }) => <Instant at={expiresAt} /> },
                  ]}
                />
              )}
            </Section>
            <Section title="Instances">
              {instances.length === 0 ? (
                <Empty title="There is none yet" />
              ) : (
                <InstanceTable instances={instances} nameOf={nameOf} />
              )}
            </Section>
          </Stack>
        </Page>
      )}
    </Answer>
  );
}

function Source({ id }: { readonly id: string }) {
  const source = useRead("diml/dml/fmdm/datasource/find", { id });
  return <Plain text={source.data?.name ?? id} />;
}

function EndRequest({ request: { id, name } }: { readonly request: Request }) {
  const end = useWrite("diml/dml/do/datarequest/end", () => saved("The request is ended"));
  const may = useMay("data:destroy");
  return (
    <>
      <ConfirmByName
        button="End it"
        title={`End the request ${name}`}
        consequence="What was brought for it is taken away, and nothing more is brought. What was moved stays where it is."
        names={[name, id]}
        isDisabled={!may || end.isPending}
        onConfirm={() => end.mutate({ request: id })}
      />
      {end.isError && <Failure error={end.error} />}
    </>
  );
}
