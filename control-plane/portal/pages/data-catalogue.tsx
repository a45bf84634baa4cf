import { Button, Stack, TextInput } from "@mantine/core";
import { useState } from "react";
import { useSearchParams } from "wouter";
import { useDeviceNames } from "../data/device-names.ts";
import { usePaging } from "../data/paging.ts";
import { useRead } from "../data/queries.ts";
import { describeError, isRefusal } from "../data/refusal.ts";
import { Answer, Empty } from "../parts/answer.tsx";
import { DataPieces } from "../parts/data-pieces.tsx";
import { Icon } from "../parts/icon.tsx";
import { Pager } from "../parts/pager.tsx";
import { Section } from "../parts/section.tsx";

/** Data by its meta-data. */
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
    </Stack>
  );
}
