import { Text } from "@mantine/core";
import { useRead } from "../data/queries.ts";
import { Answer } from "./answer.tsx";
import { EventList } from "./event-list.tsx";
import { Section } from "./section.tsx";

const CLASSES = ["datarequest.*", "datareservation.*", "datainstance.*"];

/** What happened for a data request, in order. Old requests may have left the part of the log that is looked at. */
export function RequestTimeline({ from, subjects }: { readonly from: number; readonly subjects: readonly string[] }) {
  const log = useRead("ia/event/list", { type: CLASSES, limit: 500 });
  return (
    <Section title="What happened">
      <Answer of={log}>
        {({ events }) => {
          const own = events.filter(({ subject }) => subjects.includes(subject));
          const isCut = (events[0]?.at ?? from) > from && events.length === 500;
          return (
            <>
              {own.length > 0 && <EventList events={own} />}
              {(own.length === 0 || isCut) && (
                <Text size="sm" c="dimmed">
                  {own.length === 0 ? "Its events are" : "Earlier events are"} too far back in the log to be shown here.
                </Text>
              )}
            </>
          );
        }}
      </Answer>
    </Section>
  );
}
