import type { CommandRow } from "./rows.ts";

export interface FolderEntry {
  readonly name: string;
  readonly type: string;
  readonly bytes: number;
  readonly modifiedAtMs: number;
}

/** What a device told of a folder: one page of it. */
export interface Folder {
  readonly entries: readonly FolderEntry[];
  readonly hasMore: boolean;
  /** Names that no message could say. */
  readonly unnamed: number;
}

/** What the command `file.list` found; its result has the fields of its message. */
export const folderOf = ({ result }: CommandRow): Folder | undefined => result as unknown as Folder | undefined;

/** The path of an entry: of the roots it is their name. */
export const pathOf = (folder: string, { name }: Pick<FolderEntry, "name">): string =>
  folder === "" ? name : `${folder}/${name}`;
