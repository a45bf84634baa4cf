import { Anchor } from "@mantine/core";
import { memo, useState } from "react";
import { Link } from "wouter";
import { eventLink, eventSubject } from "../data/event-link.ts";
import type { LiveEvent } from "../data/live.tsx";
import { ExactInstant } from "./instant.tsx";
import { Json } from "./json.tsx";
import { Plain } from "./plain.tsx";

/** One event; opens to all it says. */
export const EventRow = memo(function EventRow({ event }: { readonly event: LiveEvent }) {
  const [isOpen, setOpen] = useState(false);
  const link = eventLink(event);
  const subject = <Plain text={eventSubject(event)} />;
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
      <span className="grow">
        {link === undefined ? (
          subject
        ) : (
          <Anchor component={Link} href={link} size="sm">
            {subject}
          </Anchor>
        )}
      </span>
      <span className="quiet">
        <ExactInstant at={event.at} />
      </span>
      {isOpen && <Json value={event} label={`Event ${event.number}`} />}
    </li>
  );
});
