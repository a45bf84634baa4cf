import { Anchor } from "@mantine/core";
import { Link } from "wouter";
import { eventLink, eventSubject } from "../data/event-link.ts";
import type { LiveEvent } from "../data/live.tsx";
import { Instant } from "./instant.tsx";
import { Plain } from "./plain.tsx";

/** Events in few words, for looking at in passing. */
export const EventList = ({ events }: { readonly events: readonly LiveEvent[] }) => (
  <ol className="event-list">
    {events.map((event) => {
      const link = eventLink(event);
      const subject = <Plain text={eventSubject(event)} />;
      return (
        <li key={event.number}>
          <code>{event.type}</code>
          <span className="grow">
            {link === undefined ? (
              subject
            ) : (
              <Anchor component={Link} href={link} size="sm">
                {subject}
              </Anchor>
            )}
          </span>
          <Instant at={event.at} />
        </li>
      );
    })}
  </ol>
);
