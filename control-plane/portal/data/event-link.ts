import { alertLink, policyLink } from "./alerts.ts";
import { pieceLink, requestLink } from "./data-links.ts";
import type { LiveEvent } from "./live.tsx";

const encoded = encodeURIComponent;
const text = (value: unknown) => (typeof value === "string" ? value : "");

/** The page of what an event tells of, where there is one. */
export function eventLink({ type, subject, data }: Pick<LiveEvent, "type" | "subject" | "data">): string | undefined {
  const links: Readonly<Record<string, () => string>> = {
    device: () => `/devices/${encoded(subject)}`,
    job: () => `/jobs/${encoded(subject)}`,
    command: () => `/jobs/${encoded(text(data["job"]))}`,
    recording: () => `/jobs/${encoded(text(data["job"]))}`,
    datarequest: () => requestLink(subject),
    datareservation: () => requestLink(text(data["request"])),
    datainstance: () => (data["request"] === undefined ? "/data/instances" : requestLink(text(data["request"]))),
    datasource: () => `/devices/${encoded(text(data["device"]))}/data`,
    data: () => pieceLink(subject),
    alert: () =>
      alertLink({
        device: text(data["device"]),
        policy: text(data["policy"]),
        ...(data["group"] !== undefined && { group: text(data["group"]) }),
      }),
    policy: () => policyLink(subject),
    silence: () => "/policies/silences",
    file: () => "/files",
    backup: () => "/operations",
    storage: () => "/operations",
  };
  return links[type.split(".", 1)[0] ?? ""]?.();
}

/** What to call the subject: its name where it has one. */
export const eventSubject = ({ subject, data }: Pick<LiveEvent, "subject" | "data">): string =>
  text(data["name"]) || text(data["kind"]) || subject;
