import { Button, Switch, TextInput } from "@mantine/core";
import { useState } from "react";
import { useSearchParams } from "wouter";
import { useEventTail } from "../data/event-tail.ts";
import { Answer, Empty } from "../parts/answer.tsx";
import { EventRow } from "../parts/event-row.tsx";
import { Icon } from "../parts/icon.tsx";
import { Page } from "../parts/page.tsx";

/** All that happens, as it happens. The filter stands in the address. */
export function Events() {
  const [parameters, setParameters] = useSearchParams();
  const pattern = parameters.get("type") ?? "";
  const after = Number(parameters.get("after") ?? Number.NaN);
  const [typed, setTyped] = useState(pattern);
  const [isPaused, setPaused] = useState(false);
  const { query, events, held } = useEventTail({
    pattern,
    after: Number.isFinite(after) ? after : undefined,
    isPaused,
  });
  return (
    <Page
      title="Events"
      actions={
        <Switch
          label={isPaused ? `Paused${held > 0 ? `, ${held} new` : ""}` : "Live"}
          checked={!isPaused}
          onChange={(event) => setPaused(!event.currentTarget.checked)}
        />
      }
    >
      <form
        role="search"
        className="search"
        onSubmit={(event) => {
          event.preventDefault();
          setParameters(typed.trim() === "" ? {} : { type: typed.trim() });
        }}
      >
        <TextInput
          className="grow"
          aria-label="Only events of the types"
          placeholder="Only types, such as device.* or command.failed; several with commas"
          leftSection={<Icon name="search" />}
          data-search
          spellCheck={false}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
        <Button type="submit" variant="default">
          Filter
        </Button>
      </form>
      <Answer of={query} lines={10}>
        {() =>
          events.length === 0 ? (
            <Empty title={pattern === "" ? "Nothing has happened yet" : "No event of this type yet"}>
              New events appear here by themselves.
            </Empty>
          ) : (
            <ol className="events" aria-label="Events, newest first">
              {events.map((event) => (
                <EventRow key={event.number} event={event} />
              ))}
            </ol>
          )
        }
      </Answer>
    </Page>
  );
}
