import { Text } from "@mantine/core";
import type { Output } from "../../src/faces/client.ts";
import { usePaging } from "../data/paging.ts";
import { useRead } from "../data/queries.ts";
import { Answer, Empty } from "./answer.tsx";
import { EventList } from "./event-list.tsx";
import { Pager } from "./pager.tsx";
import { Section } from "./section.tsx";

interface Props {
  readonly request: string;
  readonly reservations: Output<"diml/dml/do/datarequest/explain">["reservations"];
}

/** What happened for a data request, newest first: it alone is read, however much happened to others. */
export function RequestTimeline({ request, reservations }: Props) {
  const names = new Map(reservations.map(({ id, name }) => [id, name]));
  const paging = usePaging(request);
  const history = useRead("diml/dml/do/datarequest/history", {
    request,
    limit: 20,
    ...(paging.cursor !== undefined && { cursor: paging.cursor }),
  });
  return (
    <Section title="What happened">
      <Answer of={history}>
        {({ items, next }) =>
          items.length === 0 ? (
            <Empty title="Its events are kept no more" />
          ) : (
            <>
              <EventList
                events={items.map((each) => ({
                  ...each,
                  // A reservation has no name of its own.
                  data: names.has(each.subject) ? { ...each.data, name: names.get(each.subject) } : each.data,
                }))}
              />
              {next === undefined && items.at(-1)?.type !== "datarequest.needed" && (
                <Text size="sm" c="dimmed">
                  Earlier events are kept no more.
                </Text>
              )}
              <Pager paging={paging} next={next} shown={items.length} total={undefined} noun="event" />
            </>
          )
        }
      </Answer>
    </Section>
  );
}
