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
  readonly job?: string;
  readonly tries: number;
  readonly nextTryAt: number;
  readonly cause: string;
}
export const droppings = table<Dropping>("datadropping", { due: ({ nextTryAt }) => [[nextTryAt]] });

/** When a request whose copies are kept was last looked at in full, and how its instances were after that. */
export interface Lookout {
  /** The request. */
  readonly id: string;
  readonly lookedAt: number;
  readonly seen: string;
}
export const lookouts = table<Lookout>("datalookout");
