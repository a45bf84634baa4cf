/** How one path was: a file, a link, or nothing. */
export interface KeptFile {
  /** Absolute. */
  readonly path: string;
  /** Of a file. */
  readonly content?: Uint8Array;
  /** Where a link leads. */
  readonly link?: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

/** Keeps files, so that what becomes of them can be taken back. */
export interface FileKeeper {
  /** How these paths are now; at most `limits.keptBytes` together. Throws HostError. */
  keepFiles(paths: readonly string[]): Promise<readonly KeptFile[]>;
  /** Has them again as they were, each in one step; doing it twice is doing it once. Throws HostError when not all could be. */
  putBackFiles(files: readonly KeptFile[]): Promise<void>;
}
