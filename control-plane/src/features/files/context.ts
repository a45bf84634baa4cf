import type { PlatformContext } from "../../platform/context.ts";

export interface FilesContext extends PlatformContext {
  readonly files: {
    /** Bytes that all files together may come to take. */
    readonly room: number;
    /** How long a file is kept once it is whole, where nobody says otherwise; milliseconds. */
    readonly keep: number;
  };
}
