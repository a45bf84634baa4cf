import { instantOf, numbered, stamp, timestamp } from "./name-parts.ts";
import type { DatabasePlan } from "./plan.ts";

/** A snapshot of a database: its file's name says all that its plan does not. */
export interface Snapshot {
  readonly number: number;
  readonly takenAt: number;
  /** Of the program that took it. */
  readonly version: string;
}

type Database = DatabasePlan["database"];

const extensions = { postgresql: "dump", sqlite: "sqlite" } as const;
const NAME = /^(\d{9})_([\dTZ.]{20})_([\w.]{1,40})\.(dump|sqlite)$/;

export const nameOfSnapshot = ({ number, takenAt, version }: Snapshot, { engine }: Database): string =>
  `${numbered(number)}_${stamp(takenAt)}_${version.replaceAll(/[^\w.]/g, "").slice(0, 40) || "unknown"}.${extensions[engine]}`;

/** Undefined for what is none of this database's engine. */
export function snapshotNamed(name: string, { engine }: Database): Snapshot | undefined {
  const [, number, takenAt, version = "", extension] = NAME.exec(name) ?? [];
  if (extension !== extensions[engine]) return undefined;
  return { number: Number(number), takenAt: instantOf(takenAt), version };
}

export const tagsOfSnapshot = ({ takenAt, version }: Snapshot, { engine, name }: Database) => ({
  database: name,
  engine,
  engine_version: version,
  taken_at: timestamp(takenAt),
});
