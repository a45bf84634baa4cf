import type { Disk } from "@edgemere/protocol/kit";

/** A file found below a data directory. */
export interface DataFile {
  /** Relative to the directory, with `/`. */
  readonly name: string;
  readonly bytes: number;
  readonly modifiedAt: number;
}

/** Hears of changes until it is disposed of. */
export interface FileWatch extends Disposable {
  /** How many folders it watches. */
  folders(): number;
}

/** The directories whose data is told of. */
export interface DataDirectories {
  /** Every regular file below the directory, links not followed; throws HostError when it cannot be read. */
  listFiles(directory: string): Promise<readonly DataFile[]>;
  /** SHA-256 of a file's bytes, hex. */
  hashFile(directory: string, name: string): Promise<string>;
  /**
   * Hears of changes below the directory, links not followed. Rejects with HostError where that cannot be, and tells when it can be no more. Absent
   * where nothing is heard.
   */
  watchFiles?(
    directory: string,
    hear: { readonly changed: () => void; readonly ended: (reason: string) => void },
  ): Promise<FileWatch>;
  /**
   * A directory that the agent alone writes to, made when absent. Rejects with HostError where others could write there too. Absent where nothing
   * is recorded.
   */
  recordingFolder?(directory: string): Promise<Disk>;
  /** Total and available bytes of the file system that holds the directory. */
  capacity(directory: string): Promise<{ readonly totalBytes: number; readonly freeBytes: number }>;
}
