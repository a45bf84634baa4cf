import type { Path } from "../src/faces/client.ts";
import { isInstant, valueAt } from "./cells.ts";
import { columnsFor } from "./columns.ts";
import { flattened } from "./table.ts";
import { visible } from "./visible.ts";

interface CsvStyle {
  readonly headers: boolean;
  readonly columns: readonly string[] | undefined;
}

/** An output as a table for other programs (RFC 4180): a list line by line, series value by value, one thing as a single line. */
export function csvOf(path: string, output: unknown, { headers, columns }: CsvStyle): string {
  const points = pointsOf(output);
  if (points !== undefined) {
    const names = columns ?? points.names;
    const lines = points.rows.map((row) => csvLine(names.map((name) => cell(name, row[name]))));
    return [...(headers ? [csvLine(names)] : []), ...lines].join("");
  }
  const [list, items] = listIn(output, path) ?? [];
  const rows = items ?? [output];
  const names = list === undefined ? (columns ?? fieldsOf(output)) : columnsFor(list, rows, columns);
  const lines = rows.map((row) => csvLine(names.map((name) => cell(name, valueAt(row, name)))));
  return [...(headers ? [csvLine(names)] : []), ...lines].join("");
}

/** Answers that are lists, and do not call them items. */
const lists: Partial<Record<string, "values" | "metrics">> = {
  "cpl/ta/latest": "values",
  "cpl/ta/metrics": "metrics",
} satisfies Partial<Record<Path, "values" | "metrics">>;

/** The rows of a list, and what tells its usual columns. */
function listIn(output: unknown, path: string): readonly [list: string, rows: readonly unknown[]] | undefined {
  const name = lists[path] ?? "items";
  const rows = (output as Readonly<Record<string, unknown>> | null)?.[name];
  return Array.isArray(rows) ? [name === "items" ? path : name, rows] : undefined;
}

type Values = readonly (number | null)[];
interface Series {
  readonly at?: readonly number[];
  readonly value: Values;
  readonly low?: Values;
  readonly high?: Values;
}

/** Each value of series on a line of its own, with its instant and what tells its series; undefined when the output holds none. */
function pointsOf(output: unknown) {
  const { series, at = [] } = (output ?? {}) as { readonly series?: unknown; readonly at?: readonly number[] };
  if (!Array.isArray(series)) return undefined;
  const told = (series as readonly Series[]).map(({ at: own = at, value, low, high, ...rest }) => ({
    columns: { at: own, value, ...(low && high && { low, high }) },
    fields: Object.fromEntries(flattened(rest)),
  }));
  return {
    names: [
      ...new Set(told.flatMap(({ fields }) => Object.keys(fields))),
      ...new Set(["at", "value", ...told.flatMap(({ columns }) => Object.keys(columns))]),
    ],
    rows: told.flatMap(({ columns, fields }) =>
      columns.value.map((_, place): Readonly<Record<string, unknown>> => {
        const point = Object.entries(columns).map(([name, column]) => [name, column[place]] as const);
        return { ...fields, ...Object.fromEntries(point) };
      }),
    ),
  };
}

export const csvLine = (cells: readonly unknown[]): string => `${cells.map(quoted).join(",")}\r\n`;

const fieldsOf = (output: unknown): readonly string[] => flattened({ ...(output as object) }).map(([name]) => name);

// Instants as a spreadsheet reads them.
const cell = (column: string, value: unknown): unknown =>
  typeof value === "number" && isInstant(column.split(".").at(-1) ?? "", value) ? new Date(value).toISOString() : value;

/**
 * Text is always in quotes, where no separator of any country ends it, and never a formula: a spreadsheet would compute it, and
 * what it computes may send data away. The apostrophe before it says that it is text (OWASP, CSV injection).
 */
function quoted(value: unknown): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  const text = visible(typeof value === "string" ? value : JSON.stringify(value));
  return `"${/^[\s]*[=+\-@\uff1d\uff0b\uff0d\uff20|%]/u.test(text) ? "'" : ""}${text.replaceAll('"', '""')}"`;
}
