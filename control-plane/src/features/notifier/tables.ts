import type { Heard } from "../../platform/event-position.ts";
import { table } from "../../platform/resource.ts";
import type { Tellable } from "./notice-contract.ts";

/** What a contact was told last of an alert that is not over for it. */
export interface Hearing {
  /** The contact and the alert. */
  readonly id: string;
  readonly contact: string;
  readonly alert: string;
  readonly change: Exclude<Tellable, "resolved">;
}
export const hearings = table<Hearing>("noticehearing", {
  alert: ({ alert, contact }) => [[alert, contact]],
  contact: ({ contact, alert }) => [[contact, alert]],
});
export const hearingId = (contact: string, alert: string): string => `${contact}/${alert}`;

/** Up to which event contacts were told. */
export const followed = table<Heard>("noticeposition");
