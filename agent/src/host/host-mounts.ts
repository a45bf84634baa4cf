/** What is shown, and how its bytes are had. */
export interface Shown {
  /** By name, as it is at any moment. */
  readonly files: ReadonlyMap<string, ShownFile>;
  /** The bytes from `from` up to and without `to`. Rejects where one of them cannot be had. */
  readonly read: (file: ShownFile, from: number, to: number) => AsyncIterable<Uint8Array>;
  /** A word that the program carries, so that none outlives the agent. */
  readonly mark: string;
}

/** A content that is shown and does not lie here. */
export interface ShownFile {
  /** SHA-256, hex. */
  readonly sha256: string;
  readonly bytes: number;
}

/** Shows files that do not lie here as if they did, read-only, by a program of the host. */
export interface HostMounts {
  /** The folder below the one that the host's owner named in which they are seen. */
  placeIn(folder: string): string;
  /** Why nothing can be shown there; undefined when it can. */
  hindrance(folder: string): Promise<string | undefined>;
  /** Takes away what an earlier run left there, and shows until the signal aborts. Rejects with HostError when it ends before. */
  show(folder: string, shown: Shown, signal: AbortSignal): Promise<void>;
  /** Whether a file is seen there with that size. */
  isSeen(folder: string, file: { readonly name: string; readonly bytes: number }): Promise<boolean>;
}
