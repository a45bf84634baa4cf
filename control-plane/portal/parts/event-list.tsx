import type { LiveEvent } from "../data/live.tsx";
import { EventSubject } from "./event-subject.tsx";
import { Instant } from "./instant.tsx";

/** Events in few words, for looking at in passing. */
export const EventList = ({ events }: { readonly events: readonly LiveEvent[] }) => (
  <ol className="event-list">
    {events.map((event) => (
      <li key={event.number}>
        <code>{event.type}</code>
        <EventSubject event={event} />
        <Instant at={event.at} />
      </li>
    ))}
  </ol>
);
