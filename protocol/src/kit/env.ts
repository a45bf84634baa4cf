import { monotonicFactory } from "ulid";
import type { Clock } from "./clock.ts";

/** Everything from outside that is not a device's hardware or its network: the cores take time, chance and disk from here only. */
export interface Env {
  readonly clock: Clock;
  readonly random: Random;
  readonly disk: Disk;
  readonly log: Log;
}

export interface Random {
  /** A number in [0, 1). */
  next(): number;
  bytes(length: number): Uint8Array;
}

export type Fields = Readonly<Record<string, unknown>>;

/** A message is a constant sentence; what varies goes into the fields. */
export interface Log {
  debug(message: string, fields?: Fields): void;
  info(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
}

/** Files below one folder. Paths are relative to it, with `/`. */
export interface Disk {
  /** The whole file, or undefined when there is none. */
  read(path: string): Promise<Uint8Array | undefined>;
  /** Names of the files in a folder, sorted; empty when there is no such folder. */
  list(folder: string): Promise<readonly string[]>;
  /** Replaces a file in one step: after it resolves, a power cut leaves the new content; during it, the old or the new. Mode 0600. */
  write(path: string, content: Uint8Array): Promise<void>;
  /** Opens a file for appending, making it and its folder when absent. */
  append(path: string): Promise<Appender>;
  /** Cuts a file to `size` bytes and syncs it. */
  truncate(path: string, size: number): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Removing what is not there is no error. */
  remove(path: string): Promise<void>;
  /** Bytes that can still be written, and the size of the file system. */
  space(): Promise<{ readonly freeBytes: number; readonly totalBytes: number }>;
}

export interface Appender {
  /** Bytes in the file, as far as this appender wrote or found them. */
  readonly size: number;
  write(content: Uint8Array): Promise<void>;
  /** After it resolves everything written so far survives a power cut. After it throws, the file must be abandoned. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** Makes sortable ids (ULID, 26 characters) from the given time and chance. */
export function idMaker(env: Pick<Env, "clock" | "random">): () => string {
  const next = monotonicFactory(() => env.random.next());
  // A clock that tells more than milliseconds is as good.
  return () => next(Math.floor(env.clock.now()));
}

export const silentLog: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
