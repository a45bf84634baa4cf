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

/** How large its screen is: one that does not know, as at a serial line, says nothing or 0. */
export const sizeOf = ({ stdout: { columns = 0, rows = 0 } }: Pick<Terminal, "stdout">) => ({
  columns: columns > 0 ? columns : 80,
  rows: rows > 0 ? rows : 24,
});

export const coloursOf = ({ stdout, environment }: Terminal): Colours =>
  picocolors.createColors(stdout.isTTY === true && !environment["NO_COLOR"] && environment["TERM"] !== "dumb");
