import picocolors from "picocolors";

export type Colours = ReturnType<typeof picocolors.createColors>;

/** The outside of the command line, as a parameter: what is typed, shown and set around it. */
export interface Terminal {
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean; setRawMode?(isRaw: boolean): unknown };
  readonly stdout: NodeJS.WritableStream & {
    readonly isTTY?: boolean;
    readonly columns?: number;
    readonly rows?: number;
  };
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean };
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Ctrl-C. */
  readonly interrupted: AbortSignal;
}

export const coloursOf = ({ stdout, environment }: Terminal): Colours =>
  picocolors.createColors(stdout.isTTY === true && !environment["NO_COLOR"] && environment["TERM"] !== "dumb");
