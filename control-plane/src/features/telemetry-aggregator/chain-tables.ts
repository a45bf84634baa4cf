import { keyOf, rangeOf } from "../../platform/keys.ts";
import { table } from "../../platform/resource.ts";
import type { ReportRefusal, ReportedHour } from "./chain-contract.ts";
import type { Held } from "./chain-room.ts";

/** An hour of a device that is to be reported to the parent. Written in one commit with what changed it; the same again is one mark. */
export interface ReportMark {
  readonly id: string;
  readonly device: string;
  readonly hour: number;
  /** Control plane that the device is known to; absent: this one. */
  readonly origin?: string | undefined;
}
export const reportMarks = table<ReportMark>("telemetryreportmark");

/** The log of which hours were taken up to be reported, some at a time: kept so that a parent that was restored can ask again. */
export const REPORTS = "telemetryreports";

/** How reporting to the parent fares. */
export interface ParentStanding {
  readonly id: "parent";
  /** Why the parent takes nothing now; empty while it does. */
  readonly reason: string;
  /** When it took something last. */
  readonly reportedAt?: number;
  /** Hours of devices that became too old before they were reported, and when the newest of them began. */
  readonly lost: number;
  readonly lostUpTo?: number;
}
export const parentStandings = table<ParentStanding>("telemetryparent");

/** A device that a child tells of. */
export interface ChainedDevice extends Held {
  /** Origin and id there: the same by whatever way it comes. */
  readonly id: string;
  readonly origin: string;
  readonly device: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Of its host; empty where it is not known. */
  readonly machine: string;
  /** Of the newest report, whose name and labels these are. */
  readonly version: string;
  readonly newestHour: number;
}
export const chainedDevices = table<ChainedDevice>("chaineddevice", { child: ({ child, id }) => [[child, id]] });
/** Origins hold no slash. */
export const chainedId = (origin: string, device: string) => `${origin}/${device}`;

/** What is known of an hour of such a device. */
export interface ChainedHour extends Held {
  readonly id: string;
  /** Id of the chained device. */
  readonly device: string;
  readonly hour: number;
  readonly version: string;
  /** Those that have windows. */
  readonly metrics: readonly string[];
  readonly gaps: ReportedHour["gaps"];
}
export const chainedHours = table<ChainedHour>("chainedhour", {
  gaps: ({ child, hour, gaps }) => (gaps.length === 0 ? [] : [[child, hour]]),
});

/** What the windows of an hour of such a device take for a day of it. They are kept longer than those of a minute. */
export interface ChainedDay extends Held {
  readonly id: string;
}
export const chainedDays = table<ChainedDay>("chainedday");

/** Where the sketches lie that go with the minutes of an hour of a metric of a chained device. */
export const sketchesKey = (hour: number, metric: string, device: string) =>
  keyOf("telemetrysketches", hour, metric, device);
export const sketchesBefore = (hour: number) => ({
  gte: rangeOf("telemetrysketches").gte,
  lt: keyOf("telemetrysketches", hour),
});

/** How far the reports of a child are. One report after the other moves it on. */
export interface ChildStanding {
  /** The child. */
  readonly id: string;
  readonly version: number;
  readonly position: string;
  readonly heardAt?: number;
  readonly knownUpTo?: number | undefined;
  readonly waiting: number;
  readonly taken: number;
  readonly repeated: number;
  readonly refused: Readonly<Partial<Record<ReportRefusal, number>>>;
  readonly undeclared: readonly string[];
  readonly lost: number;
  readonly lostUpTo?: number | undefined;
  /** How much of what it told is kept here; absent before anything was counted. */
  readonly bytes?: number;
  /** Since when there is no room for more of it. */
  readonly fullSince?: number | undefined;
}
export const childStandings = table<ChildStanding>("childstanding");
export const nothingHeard = (id: string): ChildStanding => ({
  id,
  version: 0,
  position: "",
  waiting: 0,
  taken: 0,
  repeated: 0,
  refused: {},
  undeclared: [],
  lost: 0,
});

export const byReason = (refused: ChildStanding["refused"]) =>
  Object.entries(refused).map(([reason, hours]) => ({ reason, hours }));
