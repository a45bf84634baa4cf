import type { Upload } from "../../platform/object-store.ts";
import { table } from "../../platform/resource.ts";

/** How far a source's whole report has come: parts follow each other, and a lost one leaves the report without its end. And what changed since. */
export interface ReportProgress {
  /** The source. */
  readonly id: string;
  readonly report: string;
  /** The part that comes next. */
  readonly next: number;
  /** The device's index when it told of it last; absent where it counts none, or where what led there is not known without a gap. */
  readonly stand?: IndexStand | undefined;
  /** How many files that are. */
  readonly files?: number;
  /** The data is what the device told of. */
  readonly isSettled?: boolean;
}

/** An index of a device as it stood. */
export interface IndexStand {
  readonly number: number;
  /** Over all that it held, hex. */
  readonly checksum: string;
}
export const reportProgress = table<ReportProgress>("reportprogress");

/** Names of data that a report told of, some parts of it at a time, and what changed since then, until the source is settled. */
export interface ReportedNames {
  readonly id: string;
  readonly source: string;
  readonly report: string;
  readonly names: readonly string[];
  readonly gone?: readonly string[];
  /** What has a greater number came later. */
  readonly index?: number;
}
export const reportedNames = table<ReportedNames>("reportednames", { source: ({ source, id }) => [[source, id]] });

/** A bucket that is a source, as it was registered. */
export interface BucketRow {
  /** The source. */
  readonly id: string;
  readonly endpoint: string;
  readonly bucket: string;
  readonly prefix: string;
  readonly region: string;
  readonly accessKey: string;
  readonly sealedKey: string;
  readonly isWritable: boolean;
  /** Bytes that may lie there. */
  readonly room: number;
  readonly rules: readonly { readonly prefix: string; readonly tags: Readonly<Record<string, string>> }[];
  /** How often it could not be looked at since it last could. */
  readonly tries: number;
  readonly nextTryAt: number;
}
export const buckets = table<BucketRow>("bucket", { due: ({ nextTryAt }) => [[nextTryAt]] });

/** What is to be done with one object. */
export interface ObjectErrand {
  /** What, where and which content: asked for twice it is one. */
  readonly id: string;
  readonly errand: "fetch" | "put" | "drop";
  readonly source: string;
  readonly name: string;
  readonly sha256: string;
  /** The file that the content comes to be. */
  readonly file?: string;
  /** What of it is in its store, in parts. */
  readonly upload?: Upload;
  /** Why it failed; empty while it is under way. */
  readonly cause: string;
  /** Whoever asked for it knows that it failed: asked again, it begins again where it was. */
  readonly isTold?: boolean;
  /** Since when it is as it is. */
  readonly at: number;
}
export const objectErrands = table<ObjectErrand>("objecterrand", {
  open: ({ cause, at }) => (cause === "" ? [[at]] : []),
  failed: ({ cause, at }) => (cause === "" ? [] : [[at]]),
});

/** A source whose device is to tell all that it holds: what it told does not fit to what is known. */
export interface WantedIndex {
  /** The source. */
  readonly id: string;
  readonly tries: number;
  readonly nextTryAt: number;
}
export const wantedIndexes = table<WantedIndex>("wantedindex", { due: ({ nextTryAt }) => [[nextTryAt]] });

/** A source whose data must be looked through. With a report: what it does not name is gone. */
export interface UnsettledSource {
  readonly id: string;
  readonly source: string;
  readonly report?: string;
}
export const unsettledSources = table<UnsettledSource>("unsettledsource");
