/** What fills the directory of a source. Durations are milliseconds. */
export type RecordingPlan = StreamPlan | DatabasePlan;

/** A program of this host whose lines are recorded, in closed segments. */
export interface StreamPlan {
  readonly kind: "stream";
  readonly argv: readonly [string, ...string[]];
  /** Who runs it; the agent's own user when absent. */
  readonly user?: string;
  /** A segment is closed when it is so old or has so many bytes. */
  readonly segment: { readonly time: number; readonly bytes: number };
  /** All segments together; the oldest go. */
  readonly keepBytes: number;
  /** The program is held up when it says more in a second. */
  readonly bytesPerSecond: number;
}

/** A database of which snapshots are taken. */
export interface DatabasePlan {
  readonly kind: "database";
  readonly database: PostgresqlDatabase | SqliteDatabase;
  /** Who takes them; the agent's own user when absent. */
  readonly user?: string;
  /** So long after the last one, or at this minute of each day. */
  readonly when: { readonly every: number } | { readonly minute: number };
  /** What takes longer or has more bytes is none. */
  readonly limit: { readonly time: number; readonly bytes: number };
  /** How many are kept; the oldest go. */
  readonly keep: number;
}

export interface PostgresqlDatabase {
  readonly engine: "postgresql";
  readonly name: string;
  /** The engine's own when absent: a socket of this host. */
  readonly host?: string;
  readonly port?: number;
  readonly role?: string;
  /** Where its password stands, as PGPASSFILE. */
  readonly passwordFile?: string;
}

export interface SqliteDatabase {
  readonly engine: "sqlite";
  readonly name: string;
  readonly file: string;
}

/** What is wrong with what fills a source, and when it is tried again (wall clock). */
export interface Condition {
  readonly reason: string;
  readonly nextTryAt: number;
}
