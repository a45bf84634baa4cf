import { table } from "../../platform/resource.ts";

/** How far a source's report has come: parts follow each other, and a lost one leaves the report without its end. */
export interface ReportProgress {
  /** The source. */
  readonly id: string;
  readonly report: string;
  /** The part that comes next. */
  readonly next: number;
}
export const reportProgress = table<ReportProgress>("reportprogress");

/** Names of data that a report told of, some parts of it at a time. */
export interface ReportedNames {
  readonly id: string;
  readonly source: string;
  readonly report: string;
  readonly names: readonly string[];
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

/** A source whose data must be looked through. With a report: what it does not name is gone. */
export interface UnsettledSource {
  readonly id: string;
  readonly source: string;
  readonly report?: string;
}
export const unsettledSources = table<UnsettledSource>("unsettledsource");
