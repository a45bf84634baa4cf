import { Anchor } from "@mantine/core";
import { Link } from "wouter";
import { eventLink, eventSubject } from "../data/event-link.ts";
import type { LiveEvent } from "../data/live.tsx";
import { Plain } from "./plain.tsx";

/** What an event tells of, with the way to its page where it has one. */
export function EventSubject({ event }: { readonly event: LiveEvent }) {
  const link = eventLink(event);
  const subject = <Plain text={eventSubject(event)} />;
  return (
    <span className="grow">
      {link === undefined ? (
        subject
      ) : (
        <Anchor component={Link} href={link} size="sm">
          {subject}
        </Anchor>
      )}
    </span>
  );
}
