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
  const items = (output as { readonly items?: unknown } | null)?.items;
  const rows = Array.isArray(items) ? (items as readonly unknown[]) : [output];
  const names = Array.isArray(items) ? columnsFor(path, rows, columns) : (columns ?? fieldsOf(output));
  const lines = rows.map((row) => csvLine(names.map((name) => cell(name, valueAt(row, name)))));
  return [...(headers ? [csvLine(names)] : []), ...lines].join("");
}

interface Series {
  readonly at?: readonly number[];
  readonly value: readonly (number | null)[];
}

/** Each value of series on a line of its own, with its instant and what tells its series; undefined when the output holds none. */
function pointsOf(output: unknown) {
  const { series, at = [] } = (output ?? {}) as { readonly series?: unknown; readonly at?: readonly number[] };
  if (!Array.isArray(series)) return undefined;
  const told = (series as readonly Series[]).map(({ at: own = at, value, ...rest }) => ({
    own,
    value,
    fields: Object.fromEntries(flattened(rest)),
  }));
  return {
    names: [...new Set(told.flatMap(({ fields }) => Object.keys(fields))), "at", "value"],
    rows: told.flatMap(({ own, value, fields }) =>
      value.map((each, place): Readonly<Record<string, unknown>> => ({ ...fields, at: own[place], value: each })),
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
