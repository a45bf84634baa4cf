import { Button, Stack, TextInput } from "@mantine/core";
import { useState } from "react";
import { useSearchParams } from "wouter";
import { useDeviceNames } from "../data/device-names.ts";
import { bytes } from "../data/format.ts";
import { usePaging } from "../data/paging.ts";
import { useRead } from "../data/queries.ts";
import { describeError, isRefusal } from "../data/refusal.ts";
import { Answer, Empty } from "../parts/answer.tsx";
import { DataPieces } from "../parts/data-pieces.tsx";
import { DataTable } from "../parts/data-table.tsx";
import { Icon } from "../parts/icon.tsx";
import { Instant } from "../parts/instant.tsx";
import { Pager } from "../parts/pager.tsx";
import { Plain } from "../parts/plain.tsx";
import { Section } from "../parts/section.tsx";
import { State } from "../parts/state.tsx";

/** Data by its meta-data, and the places it lies in. */
export function Catalogue() {
  const [parameters, setParameters] = useSearchParams();
  const expression = parameters.get("expression") ?? "";
  const [typed, setTyped] = useState(expression);
  const question = typed.trim();
  const paging = usePaging(expression);
  const cursor = paging.cursor !== undefined ? { cursor: paging.cursor } : {};
  const nameOf = useDeviceNames();
  const isSearching = expression !== "";
  const found = useRead(
    "diml/dml/fmdm/query",
    { expression, limit: 50, ...cursor },
    { enabled: isSearching, keepPrevious: true },
  );
  const all = useRead(
    "diml/dml/fmdm/data/list",
    { limit: 50, ...cursor },
    { enabled: !isSearching, keepPrevious: true },
  );
  const pieces = isSearching ? found : all;
  const isWrong = isSearching && isRefusal(found.error, "invalid-input");
  return (
    <Stack>
      <form
        role="search"
        className="search"
        onSubmit={(event) => {
          event.preventDefault();
          setParameters(question === "" ? {} : { expression: question });
        }}
      >
        <TextInput
          className="grow"
          aria-label="Which data"
          placeholder="owner:darren, or kind in (log,capture) and size > 1000 and not site:berlin"
          leftSection={<Icon name="search" />}
          data-search
          spellCheck={false}
          value={typed}
          error={isWrong ? describeError(found.error).detail : undefined}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
        <Button type="submit" variant="default">
          Search
        </Button>
      </form>
      {!isWrong && (
        <Section title={isSearching ? "Found" : "Newest data"}>
          <Answer of={pieces} lines={6}>
            {({ items, next, total }) =>
              items.length === 0 ? (
                <Empty title={isSearching ? "No data is like that" : "No device has reported data yet"}>
                  {isSearching
                    ? "Change the words, or clear the field to see all."
                    : "Agents report what lies in the directories that their configuration names."}
                </Empty>
              ) : (
                <>
                  <DataPieces pieces={items} nameOf={nameOf} />
                  <Pager paging={paging} next={next} shown={items.length} total={total} noun="piece" />
                </>
              )
            }
          </Answer>
        </Section>
      )}
      <Sources nameOf={nameOf} />
    </Stack>
  );
}

function Sources({ nameOf }: { readonly nameOf: (device: string) => string }) {
  const paging = usePaging("");
  const sources = useRead("diml/dml/fmdm/datasource/list", {
    limit: 20,
    ...(paging.cursor !== undefined && { cursor: paging.cursor }),
  });
  return (
    <Section title="Sources">
      <Answer of={sources}>
        {({ items, next, total }) =>
          items.length === 0 ? (
            <Empty title="There is no data source yet" />
          ) : (
            <>
              <DataTable
                caption="Data sources"
                rows={items}
                keyOf={({ id }) => id}
                linkOf={({ device }) => `/devices/${encodeURIComponent(device)}/data`}
                columns={[
                  { title: "Name", cell: ({ name }) => <Plain text={name} /> },
                  { title: "Device", cell: ({ device }) => <Plain text={nameOf(device)} /> },
                  { title: "State", cell: ({ state }) => <State state={state} /> },
                  { title: "Free", align: "right", isMinor: "slightly", cell: ({ freeBytes }) => bytes(freeBytes) },
                  {
                    title: "Promised",
                    align: "right",
                    isMinor: true,
                    cell: ({ reservedBytes }) => bytes(reservedBytes),
                  },
                  { title: "Reported", isMinor: true, cell: ({ reportedAt }) => <Instant at={reportedAt} /> },
                ]}
              />
              <Pager paging={paging} next={next} shown={items.length} total={total} noun="source" />
            </>
          )
        }
      </Answer>
    </Section>
  );
}
