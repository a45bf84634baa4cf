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

/** A source whose data must be looked through. With a report: what it does not name is gone. */
export interface UnsettledSource {
  readonly id: string;
  readonly source: string;
  readonly report?: string;
}
export const unsettledSources = table<UnsettledSource>("unsettledsource");
