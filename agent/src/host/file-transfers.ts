/** A place for a file, below one of the folders that the host's owner opened. */
export interface FilePlace {
  /** Absolute. */
  readonly path: string;
  /** The folders that are open. */
  readonly roots: readonly string[];
}

/** A file that is to come. */
export interface IncomingRequest extends FilePlace {
  /** Names what is there of it before it is whole: a later run of the agent goes on with that. */
  readonly mark: string;
  readonly bytes: number;
  /** SHA-256, hex. What stands there already with this content does not come again. */
  readonly sha256: string;
  /** Permission bits; of the file that stands there, or 0644, when absent. */
  readonly mode?: number;
  /** The owner of the file that stands there, or the agent's own user, when absent. */
  readonly owner?: string;
}

/** A file on its way in: nothing of it is seen under its name before `place`. */
export interface IncomingFile extends AsyncDisposable {
  /** Bytes that are there, from an earlier run too. */
  readonly received: number;
  write(bytes: Uint8Array): Promise<void>;
  /** Of what is there. */
  read(from: number, limit: number): Promise<Uint8Array>;
  /** Forgets what is there behind so many bytes. */
  cut(bytes: number): Promise<void>;
  /** SHA-256 of the bytes that are there, hex. */
  digest(): string;
  /** Makes it durable and gives it its name, in one step: whoever looks sees the file from before or this one, whole. */
  place(): Promise<void>;
  /** Removes what is there of it. */
  discard(): Promise<void>;
}

/** A file on its way out: always the one that was opened, whatever its name stands for meanwhile. */
export interface OutgoingFile extends AsyncDisposable {
  readonly bytes: number;
  /** Another when its content was changed. */
  readonly revision: string;
  read(from: number, limit: number): Promise<Uint8Array>;
  /** Whether it still is in the state in which it was opened. */
  isUnchanged(): Promise<boolean>;
}

/** Which part of a folder is wanted. */
export interface FolderRequest extends FilePlace {
  /** Only what comes behind this name. */
  readonly after: string;
  readonly most: number;
  readonly signal: AbortSignal;
}

export interface FolderEntry {
  /** Of a root its whole path. */
  readonly name: string;
  readonly type: "file" | "folder" | "link" | "other";
  /** Of a file. */
  readonly bytes: number;
  readonly modifiedAt: number;
  /** Permission bits. */
  readonly mode: number;
}

export interface FolderPage {
  /** By name. */
  readonly entries: readonly FolderEntry[];
  readonly hasMore: boolean;
  /** Names in the folder that are no UTF-8. */
  readonly unnamed: number;
}

/** Files that come to a host, and go from it. All throw HostError for what lies outside of the roots, is a link, or is no regular file. */
export interface FileTransfers {
  /** "there": what stands there has the content already, and now the mode and owner too. */
  receive(request: IncomingRequest): Promise<IncomingFile | "there">;
  open(place: FilePlace): Promise<OutgoingFile>;
  /** What a folder holds, a page of it; of an empty path the roots. */
  list(request: FolderRequest): Promise<FolderPage>;
  /** Removes a file that holds this content (SHA-256, hex), and no other. */
  remove(place: FilePlace & { readonly sha256: string }): Promise<"removed" | "absent" | "other">;
  /** Removes what is there of a file that never became whole. */
  forget(place: FilePlace & { readonly mark: string }): Promise<void>;
}
