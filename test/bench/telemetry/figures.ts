import { tableText, type Table } from "../table.ts";

/** What one part of the telemetry bench found. */
export interface PartFigures {
  readonly part: string;
  /** The day. */
  readonly at: string;
  /** How long it took. */
  readonly minutes: number;
  /** The machine that they are true of, in lines. */
  readonly machine: readonly string[];
  /** Of which state of the sources, as `git describe` names it. */
  readonly commit: string;
  /** What was left out, and how to get it. */
  readonly skipped: readonly string[];
  readonly tables: readonly Table[];
}

/** What its runs leave behind: of each part the newest. */
export interface Figures {
  readonly parts: readonly PartFigures[];
}

/** Where they are kept, from the root of the sources, and the page that shows them. */
export const figuresFile = "test/bench/telemetry/figures.json";
export const figuresPage = "test/bench/README.md";
export const figuresMaker = `npm run bench -- telemetry, from ${figuresFile}`;

/** Those of a part take the place of its former ones. */
export const withPart = ({ parts }: Figures, fresh: PartFigures, order: readonly string[]): Figures => ({
  parts: [...parts.filter(({ part }) => part !== fresh.part), fresh].toSorted(
    (a, b) => order.indexOf(a.part) - order.indexOf(b.part),
  ),
});

/** The part of the page that is made. */
export const figuresText = ({ parts }: Figures): string =>
  parts.length === 0
    ? "Nothing was measured yet."
    : parts
        .map(({ at, minutes, machine, commit, skipped, tables }) =>
          [
            ...tables.map((table) => tableText(table).trimEnd()),
            [`Measured on ${at}, in ${minutes} minutes`, ...machine, ...skipped, `Commit ${commit}`]
              .map((line) => `- ${line}`)
              .join("\n"),
          ].join("\n\n"),
        )
        .join("\n\n");
