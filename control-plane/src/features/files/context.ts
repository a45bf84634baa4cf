import type { PlatformContext } from "../../platform/context.ts";
import type { Signer } from "../../platform/signer.ts";

export interface FilesContext extends PlatformContext {
  readonly signer: Signer;
  readonly authority: { readonly trustDomain: string };
  readonly files: {
    /** Bytes that all files together may come to take. */
    readonly room: number;
    /** How long a file is kept once it is whole, where nobody says otherwise; milliseconds. */
    readonly keep: number;
  };
}
