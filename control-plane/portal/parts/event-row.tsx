import { memo, useState } from "react";
import type { LiveEvent } from "../data/live.tsx";
import { EventSubject } from "./event-subject.tsx";
import { ExactInstant } from "./instant.tsx";
import { Json } from "./json.tsx";

/** One event; opens to all it says. */
export const EventRow = memo(function EventRow({ event }: { readonly event: LiveEvent }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <li className="event">
      <button
        type="button"
        className="event-toggle"
        aria-expanded={isOpen}
        aria-label={`${event.type}, number ${event.number}`}
        onClick={() => setOpen(!isOpen)}
      >
        <span aria-hidden="true">{isOpen ? "▾" : "▸"}</span>
        <span className="quiet number">{event.number}</span>
        <code>{event.type}</code>
      </button>
      <EventSubject event={event} />
      <span className="quiet">
        <ExactInstant at={event.at} />
      </span>
      {isOpen && <Json value={event} label={`Event ${event.number}`} />}
    </li>
  );
});
