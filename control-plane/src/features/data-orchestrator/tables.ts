import { put, type Change } from "../../platform/change.ts";
import type { Heard } from "../../platform/event-position.ts";
import { table } from "../../platform/resource.ts";

/** Content that a device is to send here, because it is wanted elsewhere. */
export interface Collection {
  /** SHA-256 of the content, hex. */
  readonly id: string;
  /** The job that a holder sends it by. */
  readonly job?: string;
  /** The data it is sent from. */
  readonly data?: string;
  readonly tries: number;
  readonly nextTryAt: number;
  readonly cause: string;
}
export const collections = table<Collection>("datacollection", { due: ({ nextTryAt }) => [[nextTryAt]] });

/** A file that is to be taken away: a copy that nobody needs any more, or what was moved elsewhere. */
export interface Dropping {
  /** Its source and its path, so that nothing is taken away twice at a time. */
  readonly id: string;
  readonly device: string;
  readonly source: string;
  readonly path: string;
  readonly hash: string;
  /** The data that it is a copy of. Where that has changed since, this may be the last of its content: nobody wants what was before. */
  readonly copyOf?: string;
  /** It lies nowhere there, and is only shown. */
  readonly isMounted?: boolean;
  readonly job?: string;
  readonly tries: number;
  readonly nextTryAt: number;
  readonly cause: string;
}
export const droppings = table<Dropping>("datadropping", { due: ({ nextTryAt }) => [[nextTryAt]] });

/** A request that is looked at when something it depends on has changed, or when its time has come; and how its instances were when it last was. */
export interface Lookout {
  /** The request. */
  readonly id: string;
  /** When it is looked at next. */
  readonly at: number;
  /** Of one whose copies are kept: when they were last looked at in full, and how they were after that. */
  readonly lookedAt?: number;
  readonly seen?: string;
}
export const lookouts = table<Lookout>("datalookout", { due: ({ at, id }) => [[at, id]] });

/** Requests with news that their loop has not heard of. */
export const requestNews = table<{ readonly id: string }>("datarequestnews");

/** Has a request looked at in the next turn; in the commit of what there is to see. */
export const woken = (request: string | undefined): readonly Change[] =>
  request === undefined ? [] : [put(requestNews, { id: request })];

/** Up to which event it was seen what happened, by those who see to it. */
export const followed = table<Heard>("dataposition");
